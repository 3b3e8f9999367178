import { expect, test } from "vitest";
import { hashName, murmur3, partitionOf } from "../../runtime/flow/hash.ts";

// Made with a byte-wise implementation of MurmurHash3 x86_32 (which gives 0x149bbb7f for "hello, world") over UTF-16LE.
const golden: [string, number][] = [
  ["", 0],
  ["a", 1867108634],
  ["ab", 374890698],
  ["abc", 1118836419],
  ["hello", 3619887497],
  ["weir", 1889192803],
  ["日本", 2762076403],
  ["👍", 3410659441],
  ["k123456", 1519118565],
];

test("keys hash as they always did: persisted keys are routed by it", () => {
  expect(hashName).toBe("murmur3-32/utf-16le");
  for (const [key, hash] of golden) expect([key, murmur3(key)]).toEqual([key, hash]);
  expect(partitionOf("hello", 128)).toBe(3619887497 % 128);
});

test("keys spread evenly over partitions", () => {
  const counts = Array.from({ length: 128 }, () => 0);
  for (let i = 0; i < 128_000; i++) counts[partitionOf(`k${i}`, 128)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});
