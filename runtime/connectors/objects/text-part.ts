/**
 * An object of text as a part: records are cut from the feed's buffer at once, and a promise is given only when the next block is
 * needed. Invariant: the position is always between records.
 */
import { WeirError } from "../../errors/index.ts";
import type { SourcePart } from "../../flow/source.ts";
import { countLines, type TextFormat } from "../text-format.ts";
import { type OnBadRecord, parseOneByOne } from "./bad-record.ts";
import { gunzipBytes } from "./gunzip-bytes.ts";
import { type ByteFeed, objectBytes, objectName, type ObjectOrigin } from "./object-bytes.ts";
import type { Slots } from "./slots.ts";

/** [byte of the content, lines before it, ETag of the version, whether all of it was read] */
export type TextPosition = readonly [offset: number, line: number, etag: string, done: boolean];

export interface TextPartOptions {
  readonly origin: ObjectOrigin;
  readonly format: TextFormat;
  readonly batchSize: number;
  readonly onBad: OnBadRecord | undefined;
  readonly slots: Slots;
  /** Size of an object that was not opened yet. */
  readonly listedSize: (key: string) => Promise<number>;
}

/** A header is far shorter. */
const headerBytes = 64 * 1024;

export function textPart(options: TextPartOptions, resume: TextPosition | undefined): SourcePart<unknown, TextPosition> {
  const { origin, format, batchSize, onBad, slots } = options;
  const object = objectName(origin);
  const gzip = origin.key.endsWith(".gz");
  const [offset, lines, pinned, doneBefore] = resume ?? [0, 0, "", false];
  const open = (position: number, etag: string): ByteFeed =>
    gzip ? gunzipBytes(origin, position, etag) : objectBytes(origin, position, etag);
  let line = lines;
  let done = doneBefore;
  let feed: ByteFeed | undefined;
  let ready = false;
  let release: (() => void) | undefined;
  let closed = false;

  const finish = (): null => {
    done = true;
    release?.();
    feed?.close();
    return null;
  };
  const begin = async (): Promise<ByteFeed> => {
    release = await slots.take();
    if (closed) {
      release();
      throw new WeirError("WEIR_EXECUTION_ENDED", `Reading "${object}" was given up, as the flow has ended`);
    }
    const first = (feed = open(offset, pinned));
    if (format.header !== undefined && offset > 0) await readHeader();
    let more = await first.fill();
    if (offset > 0) return first;
    while (more && first.end < 3) more = await first.fill();
    skipByteOrderMark(first);
    if (format.header === undefined) return first;
    for (;;) {
      let until = format.cut(first.buffer, first.start, first.end, 1);
      if (until === first.start && more) {
        more = await first.fill();
        continue;
      }
      if (until === first.start) until = first.end;
      const text = first.buffer.toString("utf8", first.start, until);
      format.header(text, object);
      first.start = until;
      line += countLines(text);
      return first;
    }
  };
  /** Of an object that is gone on with: the columns' names are at its beginning. */
  const readHeader = async (): Promise<void> => {
    const head = gzip ? gunzipBytes(origin, 0, pinned) : objectBytes(origin, 0, pinned, headerBytes);
    try {
      while (await head.fill()) {
        if (head.start === 0) skipByteOrderMark(head);
        const until = format.cut(head.buffer, head.start, head.end, 1);
        if (until === head.start) continue;
        return format.header!(head.buffer.toString("utf8", head.start, until), object);
      }
      throw new WeirError(
        "WEIR_SOURCE_FAILED",
        `Cannot go on reading "${object}": its first ${headerBytes} bytes hold no whole header`,
      );
    } finally {
      head.close();
    }
  };
  /** Values of the next records; undefined when more bytes are needed for them, null at the end. */
  const take = (from: ByteFeed, atEnd: boolean): unknown[] | null | undefined => {
    for (;;) {
      let until = format.cut(from.buffer, from.start, from.end, batchSize);
      if (until === from.start) {
        if (!atEnd) return undefined;
        if (from.start === from.end) return finish();
        until = from.end;
      }
      const text = from.buffer.toString("utf8", from.start, until);
      let values: unknown[];
      try {
        values = format.parse(text, object, line);
      } catch {
        values = parseOneByOne(from.buffer.subarray(from.start, until), format, { object, offset: from.position, line }, onBad);
      }
      from.start = until;
      line += countLines(text);
      if (values.length > 0) return values;
    }
  };
  const readOn = async (): Promise<unknown[] | null> => {
    let first = !ready;
    if (first) await begin();
    ready = true;
    for (;;) {
      const atEnd = first ? false : !(await feed!.fill());
      first = false;
      const values = take(feed!, atEnd);
      if (values !== undefined) return values;
    }
  };
  return {
    nextBatch() {
      if (done) return null;
      return (ready ? take(feed!, false) : undefined) ?? readOn();
    },
    snapshot: () => [feed?.position ?? offset, line, feed?.etag ?? pinned, done],
    lag: () =>
      done ? 0 : (feed?.left() ?? options.listedSize(origin.key).then((size) => Math.max(0, size - (gzip ? 0 : offset)))),
    close() {
      closed = true;
      feed?.close();
      release?.();
    },
  };
}

function skipByteOrderMark(feed: ByteFeed): void {
  const { buffer, start, end } = feed;
  if (end - start >= 3 && buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf) feed.start += 3;
}
