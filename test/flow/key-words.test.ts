import { expect, test } from "vitest";
import { readKey, readKeys } from "../../runtime/flow/key-words.ts";

const wordsOf = (key: string): string => {
  const { low, mid, high } = readKey(key);
  return `${low[0]} ${mid[0]} ${high[0]}`;
};

test("two keys of up to eleven Latin-1 characters have the same words only when they are equal", () => {
  const keys = new Set([""]);
  for (const unit of ["\0", "a", "b", "\u007f", "\u00ff"])
    for (let length = 1; length <= 11; length++) keys.add(unit.repeat(length));
  for (let length = 1; length <= 11; length++) {
    for (let at = 0; at < length; at++) {
      for (const unit of ["\0", "b", "\u00ff"]) keys.add("a".repeat(at) + unit + "a".repeat(length - at - 1));
    }
  }
  expect(new Set([...keys].map(wordsOf)).size).toBe(keys.size);
});

test("longer keys and those of other scripts have no words", () => {
  for (const key of ["twelve chars", "\u0100", "日本語", "a\ud800"]) expect(readKey(key).high[0]).toBe(0);
  expect(readKey("eleven char").high[0]).not.toBe(0);
});

test("a chunk is read as its keys are one by one, however long it is", () => {
  const keys = Array.from({ length: 5_000 }, (_, i) => "key of many lengths".slice(0, i % 20) + String(i * i));
  const { hash, low, mid, high } = readKeys(keys);
  const differ = keys.filter((key, i) => {
    const one = readKey(key);
    const worded = one.high[0] !== 0;
    return hash[i] !== one.hash[0] || high[i] !== one.high[0] || (worded && (low[i] !== one.low[0] || mid[i] !== one.mid[0]));
  });
  expect(differ).toEqual([]);
  expect(keys.filter((key, i) => key.length <= 24 && hash[i] === 0)).toEqual([]);
});

test("hashes of counted keys hardly meet", () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 200_000; i++) hashes.add(readKey(`user-${i}`).hash[0]!);
  // By chance five of them would.
  expect(hashes.size).toBeGreaterThan(199_960);
});
