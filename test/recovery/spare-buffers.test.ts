import { expect, test } from "vitest";
import { freeBytes } from "../../runtime/recovery/free-bytes.ts";
import { createSpareBuffers } from "../../runtime/recovery/spare-buffers.ts";

const usual = 1_000_000;

test("a buffer that was given back is lent again, and no buffer twice at a time", () => {
  const spare = createSpareBuffers(usual, 2);
  const first = spare.borrow(900_000);
  expect(first.byteLength).toBeGreaterThanOrEqual(900_000);
  expect(spare.borrow(900_000).buffer).not.toBe(first.buffer);
  spare.giveBack(first.subarray(0, 500));
  const again = spare.borrow(usual);
  expect(again.buffer).toBe(first.buffer);
  expect(again.byteLength).toBe(usual);
  spare.giveBack(again);
  spare.giveBack(again);
  expect(spare.borrow(usual).buffer).not.toBe(spare.borrow(usual).buffer);
});

test("longer and much shorter ones are made for the purpose, and their memory is given back", () => {
  const spare = createSpareBuffers(usual, 2);
  for (const bytes of [usual + 1, usual / 10]) {
    const buffer = spare.borrow(bytes);
    expect(buffer.byteLength).toBe(bytes);
    spare.giveBack(buffer);
    expect(buffer.byteLength).toBe(0);
  }
});

test("no more are kept than was said, and none after a release", () => {
  const spare = createSpareBuffers(usual, 1);
  const [a, b] = [spare.borrow(usual), spare.borrow(usual)];
  spare.giveBack(a);
  spare.giveBack(b);
  expect([a.byteLength, b.byteLength]).toEqual([usual, 0]);
  spare.release();
  expect(a.byteLength).toBe(0);
});

test("freeing leaves alone what is little, and what is a view into what others use", () => {
  const large = new Uint8Array(100_000);
  const inner = large.subarray(10);
  const little = new Uint8Array(1_000);
  const pooled = Buffer.from("of the pool");
  for (const bytes of [inner, little, pooled]) freeBytes(bytes);
  expect([large.byteLength, little.byteLength, pooled.toString()]).toEqual([100_000, 1_000, "of the pool"]);
  freeBytes(large);
  expect(large.byteLength).toBe(0);
});
