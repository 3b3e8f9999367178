/**
 * Files of text as a source: each file that the glob matches is a part, named by its path, and read from the byte where the
 * snapshot left it. A part ends at the end of its file. Invariant: positions are always between records.
 */
import { WeirError } from "../errors/index.ts";
import { checkOptionsObject } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import type { PartitionedSource, SourcePart } from "../flow/source.ts";
import { ByteReader } from "./byte-reader.ts";
import { csvFormat } from "./csv-format.ts";
import { listFiles } from "./file-list.ts";
import { linesPart } from "./lines-part.ts";
import { type TextFormat, countLines, jsonlFormat } from "./text-format.ts";

export interface FileSourceOptions {
  /** Records per batch, at most. Default 1,000. */
  batchSize?: number;
  /** "lines" (default) gives strings, "jsonl" the values, "csv" an object of strings per row, by the names in the first row. */
  encoding?: "lines" | "jsonl" | "csv";
}

/** [byte of the file, lines before it] */
export type FilePosition = readonly [offset: number, line: number];

/** Lines are read by a part of their own. */
const formats: Record<string, (() => TextFormat) | undefined> = { lines: undefined, jsonl: () => jsonlFormat, csv: csvFormat };

/**
 * Lag is in bytes. UTF-8; a byte order mark is skipped, "\r\n" is "\n", and the last record needs no line end.
 * Throws WEIR_FLOW_OPTION for an unknown encoding, WEIR_SOURCE_FAILED for what cannot be listed, read or parsed.
 */
export function fileSource(glob: string, options: FileSourceOptions = {}): PartitionedSource<any, unknown> {
  checkOptionsObject("fileSource", options);
  const { batchSize = 1_000, encoding = "lines" } = options;
  if (typeof glob !== "string" || glob === "")
    throw new WeirError("WEIR_FLOW_OPTION", `fileSource: the glob must be a path, not ${show(glob)}`);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new WeirError("WEIR_FLOW_OPTION", `fileSource: batchSize must be a positive integer, not ${show(batchSize)}`);
  }
  if (!Object.hasOwn(formats, encoding)) {
    throw new WeirError(
      "WEIR_FLOW_OPTION",
      `fileSource: encoding must be one of ${Object.keys(formats).join(", ")}, not ${show(encoding)}`,
    );
  }
  const format = formats[encoding];
  return {
    kind: "partitioned",
    listParts: () => listFiles(glob),
    buildPart(path, resume) {
      const position = (resume as FilePosition | undefined) ?? [0, 0];
      return format === undefined ? linesPart(path, batchSize, position) : filePart(path, format(), batchSize, position);
    },
  };
}

function filePart(
  path: string,
  format: TextFormat,
  batchSize: number,
  [offset, lines]: FilePosition,
): SourcePart<unknown, FilePosition> {
  if (format.header !== undefined && offset > 0) readHeader(new ByteReader(path, 0), format);
  const reader = new ByteReader(path, offset);
  let line = lines;
  if (offset === 0) {
    reader.skipByteOrderMark();
    if (format.header !== undefined) line += countLines(takeHeader(reader, format));
  }
  return {
    nextBatch() {
      for (;;) {
        const text = takeRecords(reader, format, batchSize);
        if (text === undefined) return null;
        const values = format.parse(text, path, line);
        line += countLines(text);
        if (values.length > 0) return values;
      }
    },
    snapshot: () => [reader.position, line],
    lag: () => reader.left(),
    close: () => reader.close(),
  };
}

/** Up to `max` whole records, or undefined at the end of the file. */
function takeRecords(reader: ByteReader, format: TextFormat, max: number): string | undefined {
  for (;;) {
    let until = format.cut(reader.buffer, reader.start, reader.end, max);
    if (until === reader.start) {
      if (reader.fill()) continue;
      if (reader.start === reader.end) return undefined;
      until = reader.end;
    }
    const text = reader.buffer.toString("utf8", reader.start, until);
    reader.start = until;
    return text;
  }
}

function takeHeader(reader: ByteReader, format: TextFormat): string {
  const text = takeRecords(reader, format, 1) ?? "";
  format.header!(text, reader.path);
  return text;
}

function readHeader(reader: ByteReader, format: TextFormat): void {
  try {
    reader.skipByteOrderMark();
    takeHeader(reader, format);
  } finally {
    reader.close();
  }
}
