/**
 * The content of one object from some byte on, read by ranges, one block ahead of whoever consumes it:
 *
 *   buffer  [ consumed | start … end: read and not consumed ]   block under way
 *                        ^ `position` in the content
 *
 * All blocks are of one version of the object: the first answer's ETag is a condition of those that follow. Invariant: no more than
 * one block is under way or waits behind the buffer, so that a slow consumer stops the reading.
 */
import { faultOf, isMissing } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import type { Bucket, ObjectPiece, ObjectStat } from "./bucket.ts";
import { type Patience, patiently } from "./patience.ts";

/** What records are cut from; of an object, or of what it is unpacked to. */
export interface ByteFeed {
  readonly buffer: Buffer;
  /** Moved on by the consumer. */
  start: number;
  readonly end: number;
  /** Byte of the content that `start` is at. */
  readonly position: number;
  /** Of the version that is read; empty before the first answer. */
  readonly etag: string;
  /** Reads more behind `end`; false at the end of the content. */
  fill(): Promise<boolean>;
  /** Bytes of the object that are not consumed, once something was read. */
  left(): number | undefined;
  close(): void;
}

export interface ObjectOrigin {
  readonly bucket: Bucket;
  readonly key: string;
  readonly patience: Omit<Patience, "signal">;
  readonly blockBytes: number;
}

/** A longer record does not fit into a string. */
const maxRecordBytes = 256 * 1024 * 1024;

export function objectName({ bucket, key }: Pick<ObjectOrigin, "bucket" | "key">): string {
  return `${bucket.url}/${key}`;
}

/** Reads one range of a pinned version; undefined when the object ends before `from`. Throws WEIR_SOURCE_FAILED. */
export async function readPinned(
  origin: ObjectOrigin,
  from: number,
  length: number,
  etag: string,
  signal: AbortSignal,
): Promise<ObjectPiece | undefined> {
  const { bucket, key } = origin;
  const name = objectName(origin);
  try {
    return await patiently(
      { ...origin.patience, signal },
      `reading ${name} at byte ${from}`,
      (given) => bucket.read(key, from, length, etag === "" ? undefined : etag, given),
      (error) => isMissing(error) || [412, 416].includes(faultOf(error).status ?? 0),
    );
  } catch (error) {
    const { status } = faultOf(error);
    // Azure says of what is gone, too, that it is not the version that was asked for.
    const gone = isMissing(error) || (status === 412 && (await statOf(origin, signal)) === undefined);
    if (gone)
      throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${name}" at byte ${from}: the object is gone, and was listed before`);
    if (status === 412) throw changed(name, from, etag);
    if (status === 416) return undefined;
    throw error;
  }
}

/** undefined: there is no such object. */
export function statOf(origin: ObjectOrigin, signal: AbortSignal): Promise<ObjectStat | undefined> {
  const { bucket, key } = origin;
  return patiently({ ...origin.patience, signal }, `looking at ${objectName(origin)}`, (given) => bucket.stat(key, given));
}

function changed(name: string, from: number, etag: string): WeirError {
  return new WeirError(
    "WEIR_SOURCE_FAILED",
    `Cannot go on reading "${name}" at byte ${from}: the object was replaced while it was read (its ETag was ${etag}). ` +
      "Write new objects instead of replacing old ones, or restore this one.",
  );
}

/** @param etag empty when any version will do; @param limit bytes wanted in all */
export function objectBytes(origin: ObjectOrigin, position: number, etag: string, limit = Infinity): ByteFeed {
  const name = objectName(origin);
  const ended = new AbortController();
  let readAt = position;
  /** Where `end` is; `readAt` is a block further while one is ahead. */
  let filledTo = position;
  let size: number | undefined;
  let ahead: Promise<Buffer | undefined> | undefined;

  const fetch = async (): Promise<Buffer | undefined> => {
    if (readAt >= Math.min(size ?? Infinity, position + limit)) return undefined;
    const length = Math.min(origin.blockBytes, position + limit - readAt);
    const piece = await readPinned(origin, readAt, length, feed.etag, ended.signal);
    if (piece === undefined) {
      await checkEnd();
      return undefined;
    }
    size = piece.size;
    feed.etag = piece.etag;
    // A server that knows no ranges sends everything from the beginning.
    if (piece.bytes.length > length) throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${name}": the service ignores ranges`);
    readAt += piece.bytes.length;
    return piece.bytes.length === 0 ? undefined : piece.bytes;
  };
  /** The service says that nothing is there to read: it is empty, was read to its end, or is another object by now. */
  const checkEnd = async (): Promise<void> => {
    const stat = await statOf(origin, ended.signal);
    if (stat === undefined) throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${name}": the object is gone`);
    if (feed.etag !== "" && stat.etag !== feed.etag) throw changed(name, readAt, feed.etag);
    if (stat.size < readAt)
      throw new WeirError("WEIR_SOURCE_FAILED", `Cannot go on reading "${name}" at byte ${readAt}: it has only ${stat.size}`);
    size = stat.size;
    feed.etag = stat.etag;
  };

  const feed = {
    buffer: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    etag,
    get position() {
      return filledTo - (feed.end - feed.start);
    },
    async fill(): Promise<boolean> {
      const block = await (ahead ?? fetch());
      ahead = undefined;
      if (block === undefined) return false;
      const rest = feed.end - feed.start;
      if (rest > maxRecordBytes) {
        throw new WeirError(
          "WEIR_SOURCE_FAILED",
          `Cannot read "${name}": the record at byte ${feed.position} is longer than ${maxRecordBytes} bytes`,
        );
      }
      feed.buffer = rest === 0 ? block : Buffer.concat([feed.buffer.subarray(feed.start, feed.end), block]);
      feed.start = 0;
      feed.end = feed.buffer.length;
      filledTo += block.length;
      if (readAt < (size ?? 0)) {
        ahead = fetch();
        // Whether it failed matters when it is asked for.
        ahead.catch(() => undefined);
      }
      return true;
    },
    left: () => (size === undefined ? undefined : Math.max(0, size - feed.position)),
    close: () => ended.abort(),
  };
  return feed;
}
