/**
 * Files as zstd frames. Small ones are packed where we are: a trip through the thread pool takes longer, and ends at a moment that a
 * simulation does not choose. Of others a sample is tried first: what does not shrink is stored, in a frame of raw blocks, which any
 * zstd reads at the speed of a copy.
 *
 *   stored   magic u32 · 0x80 · window u8 · content size u32 · blocks                    little-endian
 *   block    last u1 · kind u2 (0: raw) · length u21 · bytes, at most 128 KiB
 */
import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";

const smallBytes = 256 * 1024;
/** From here on a sample is a small part. */
const worthSampling = 2 * 1024 * 1024;
const sampleBytes = 128 * 1024;
/** A sample has to shrink to this: pages of rows that do not shrink have room left, a tenth or so. */
const worthwhile = 0.85;

const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
const compressInPool = promisify(zstdCompress);
const decompressInPool = promisify(zstdDecompress);

/** The frame may take the place of the bytes, in their buffer. */
export function compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  const { byteLength } = bytes;
  if (byteLength < smallBytes) return zstdCompressSync(bytes, { params });
  if (byteLength >= worthSampling && byteLength < 2 ** 32 && !shrinks(bytes)) return store(bytes);
  // Room for all of it: the output comes in one piece, and from one trip to the pool instead of one for each 16 KiB.
  return compressInPool(bytes, { params, pledgedSrcSize: byteLength, chunkSize: chunkFor(byteLength + (byteLength >>> 8) + 1024) });
}

export function decompress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  if (bytes.byteLength < smallBytes / 8) return zstdDecompressSync(bytes);
  return decompressInPool(bytes, { chunkSize: chunkFor(contentSize(bytes) ?? 1 << 20) });
}

/** Pages of memory that stay empty are never touched; an output that fills its chunk to the brim would begin another. */
const chunkFor = (size: number): number => Math.min(size + 64, 1 << 30);

/** Not from the beginning: there stand tables that are nearly empty. */
function shrinks(bytes: Uint8Array): boolean {
  let left = 0;
  for (const part of [0.25, 0.5, 0.75]) {
    const at = Math.floor(bytes.byteLength * part) - sampleBytes / 2;
    left += zstdCompressSync(bytes.subarray(at, at + sampleBytes), { params }).byteLength;
  }
  return left < 3 * sampleBytes * worthwhile;
}

const magic = 0xfd2fb528;
/** A window of 128 KiB, the longest block. */
const window = 7 << 3;
const blockBytes = 1 << 17;

function store(bytes: Uint8Array): Uint8Array {
  const size = bytes.byteLength;
  const blocks = Math.ceil(size / blockBytes);
  const length = 10 + size + 3 * blocks;
  const inPlace = bytes.buffer.byteLength - bytes.byteOffset >= length;
  const frame = inPlace ? Buffer.from(bytes.buffer, bytes.byteOffset, length) : Buffer.allocUnsafeSlow(length);
  if (!inPlace) frame.set(bytes);
  // From the last block on, as each moves up to where the next one was.
  for (let block = blocks - 1; block >= 0; block -= 1) {
    const from = block * blockBytes;
    const end = Math.min(from + blockBytes, size);
    const to = 10 + from + 3 * (block + 1);
    frame.copyWithin(to, from, end);
    frame.writeUIntLE(((end - from) << 3) | (end === size ? 1 : 0), to - 3, 3);
  }
  frame.writeUInt32LE(magic, 0);
  frame[4] = 0x80;
  frame[5] = window;
  frame.writeUInt32LE(size, 6);
  return frame;
}

/** What the frame's header says of its content; undefined when it does not. */
export function contentSize(frame: Uint8Array): number | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (bytes.byteLength < 18 || bytes.readUInt32LE(0) !== magic) return undefined;
  const descriptor = bytes[4] as number;
  const single = (descriptor & 0x20) !== 0;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number);
  switch (descriptor >>> 6) {
    case 0:
      return single ? bytes[at] : undefined;
    case 1:
      return bytes.readUInt16LE(at) + 256;
    case 2:
      return bytes.readUInt32LE(at);
    default:
      return Number(bytes.readBigUInt64LE(at));
  }
}
