/**
 * What a gzipped object unpacks to, as a feed. Positions are in the unpacked content: going on from one means unpacking all
 * before it once more, without keeping it. What is not consumed yet is counted in packed bytes, roughly.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { isWeirError, WeirError } from "../../errors/index.ts";
import { type ByteFeed, objectBytes, objectName, type ObjectOrigin } from "./object-bytes.ts";

const chunkSize = 256 * 1024;

export function gunzipBytes(origin: ObjectOrigin, position: number, etag: string): ByteFeed {
  const packed = objectBytes(origin, 0, etag);
  const gunzip = createGunzip({ chunkSize });
  pipeline(Readable.from(blocksOf(packed), { objectMode: false, highWaterMark: 1 }), gunzip, () => undefined);
  const chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let filledTo = 0;

  const feed = {
    buffer: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    get etag() {
      return packed.etag;
    },
    get position() {
      return filledTo - (feed.end - feed.start);
    },
    async fill(): Promise<boolean> {
      for (;;) {
        let next: IteratorResult<Buffer>;
        try {
          next = await chunks.next();
        } catch (error) {
          if (isWeirError(error)) throw error;
          const reason = (error as Error).message;
          throw new WeirError("WEIR_SOURCE_FAILED", `Cannot unpack "${objectName(origin)}": ${reason}`, { cause: error });
        }
        if (next.done === true) {
          if (filledTo < position)
            throw new WeirError(
              "WEIR_SOURCE_FAILED",
              `Cannot go on reading "${objectName(origin)}" at byte ${position} of its content: there are only ${filledTo}`,
            );
          return false;
        }
        filledTo += next.value.length;
        if (filledTo <= position) continue;
        const skip = Math.max(0, position - (filledTo - next.value.length));
        const rest = feed.buffer.subarray(feed.start, feed.end);
        const more = next.value.subarray(skip);
        feed.buffer = rest.length === 0 ? more : Buffer.concat([rest, more]);
        feed.start = 0;
        feed.end = feed.buffer.length;
        return true;
      }
    },
    left: () => packed.left(),
    close() {
      packed.close();
      gunzip.destroy();
    },
  };
  return feed;
}

async function* blocksOf(feed: ByteFeed): AsyncGenerator<Buffer> {
  while (await feed.fill()) {
    const block = feed.buffer.subarray(feed.start, feed.end);
    feed.start = feed.end;
    yield block;
  }
}
