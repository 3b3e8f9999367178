import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compress, contentSize, decompress } from "../../../runtime/recovery/files/compression.ts";

const mb = 1024 * 1024;
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const repeated = (bytes: number): Buffer => Buffer.alloc(bytes, "state of a key that shrinks well ");

describe("bytes that do not shrink", () => {
  // Blocks of 128 KiB: whole ones alone, one byte more, one less.
  test.each([2 * mb, 3 * mb, 3 * mb + 1, 3 * mb - 1, 2 * mb + 70_000])(
    "are stored, %i of them, for any zstd to read",
    async (size) => {
      const bytes = randomBytes(size);
      const frame = await compress(Uint8Array.from(bytes));
      expect(frame.byteLength).toBe(size + 10 + 3 * Math.ceil(size / 131_072));
      expect(contentSize(frame)).toBe(size);
      expect(same(zstdDecompressSync(frame), bytes)).toBe(true);
      expect(same(await decompress(frame), bytes)).toBe(true);
    },
  );

  test("are stored where they are when their buffer has the room", async () => {
    const bytes = randomBytes(3 * mb + 5);
    const roomy = new Uint8Array(bytes.byteLength + 1_000);
    roomy.set(bytes);
    const frame = await compress(roomy.subarray(0, bytes.byteLength));
    expect(frame.buffer).toBe(roomy.buffer);
    expect(same(zstdDecompressSync(frame), bytes)).toBe(true);
  });
});

test("bytes that shrink are compressed, also where their beginning does not, and say how many they were", async () => {
  for (const size of [1_000, 300_000, 5 * mb]) {
    const bytes = repeated(size);
    randomBytes(size >> 4).copy(bytes);
    const frame = await compress(bytes);
    expect(frame.byteLength).toBeLessThan(size / 5);
    expect(same(zstdDecompressSync(frame), bytes)).toBe(true);
    expect(same(await decompress(frame), bytes)).toBe(true);
    if (size > 300_000) expect(contentSize(frame)).toBe(size);
  }
});

test("a frame that does not say how much it holds is unpacked too", async () => {
  const bytes = Buffer.concat([randomBytes(2 * mb), repeated(2 * mb)]);
  const frame = await promisify(zstdCompress)(bytes);
  expect(contentSize(frame)).toBeUndefined();
  expect(same(await decompress(frame), bytes)).toBe(true);
});

test("what is no frame is refused", async () => {
  for (const size of [0, 3, 20, 100_000])
    await expect(async () => await decompress(new Uint8Array(size).fill(7))).rejects.toThrow();
});
