/**
 * A file of lines as a part. Lines are looked for in the text, which V8 does many bytes at a time, not byte by byte in the buffer: what a block
 * of the buffer holds of them becomes strings in one go, and is handed on in batches.
 *
 *   buffer  [ … | start        lines handed on | lines that wait        until | not looked at yet … ]
 *
 * Invariant: while some wait, [start, until) is in the buffer as it was, so that the byte behind the last one handed on can be counted out
 * when somebody asks for it.
 */
import type { SourcePart } from "../flow/source.ts";
import { ByteReader } from "./byte-reader.ts";
import type { FilePosition } from "./file-source.ts";
import { cutLines, splitLines } from "./text-format.ts";

const newline = 10;
/** Of a block, unless a line is longer: V8 keeps larger texts in memory of their own, which it has to ask the system for each time. */
const blockBytes = 65_536;

export function linesPart(path: string, batchSize: number, [offset, before]: FilePosition): SourcePart<string, FilePosition> {
  const reader = new ByteReader(path, offset);
  if (offset === 0) reader.skipByteOrderMark();
  let lines: string[] = [];
  let given = 0;
  let until = reader.start;
  let line = before;

  /** The next block's lines; false at the end of the file. */
  const read = (): boolean => {
    reader.start = until;
    until = endOfLines(reader);
    lines = until === reader.start ? [] : splitLines(reader.buffer.toString("utf8", reader.start, until));
    given = 0;
    return lines.length > 0;
  };
  /** Bytes of the block that are handed on. */
  const bytes = (): number => {
    const { buffer, start } = reader;
    return (given === lines.length ? until : cutLines(buffer, start, until, given)) - start;
  };
  return {
    nextBatch() {
      if (given === lines.length && !read()) return null;
      const from = given;
      given = Math.min(lines.length, from + batchSize);
      line += given - from;
      return lines.length <= batchSize ? lines : lines.slice(from, given);
    },
    snapshot: () => [reader.position + bytes(), line],
    lag: () => Math.max(0, reader.left() - bytes()),
    close: () => reader.close(),
  };
}

/** Where the block that begins at `start` ends: behind a line, or at the end of the file. */
function endOfLines(reader: ByteReader): number {
  for (;;) {
    const { buffer, start, end } = reader;
    const near = buffer.subarray(start, Math.min(end, start + blockBytes)).lastIndexOf(newline);
    if (near >= 0) return start + near + 1;
    const first = buffer.subarray(start, end).indexOf(newline);
    if (first >= 0) return start + first + 1;
    if (!reader.fill()) return reader.end;
  }
}
