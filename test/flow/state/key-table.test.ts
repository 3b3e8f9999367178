import { expect, test } from "vitest";
import { KeyTable } from "../../../runtime/flow/state/key-table.ts";
import { randomFrom } from "../harness.ts";

const same = (key: string): string => key;
const pieces = ["", "a", "\0", "key", "éclair", "日本", "twelve chars", "as long as a key that is read"];

test("keys of any length and script have numbers in the order in which they come, in batch after batch", () => {
  const random = randomFrom(1);
  const table = new KeyTable(same);
  const right = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    const batch = Array.from({ length: 300 }, () => pieces[Math.floor(random() * 8)]! + String(Math.floor(random() ** 3 * 4_000)));
    const expected = batch.map((key) => {
      if (!right.has(key)) right.set(key, right.size);
      return right.get(key)!;
    });
    expect([...table.number(batch).subarray(0, batch.length)]).toEqual(expected);
  }
  expect(table.keys).toEqual([...right.keys()]);
  expect(table.size).toBeGreaterThan(5_000);
});

test("keys whose hashes meet are told apart", () => {
  const keys = Array.from({ length: 40_000 }, (_, i) => i.toString(36));
  const table = new KeyTable(same);
  table.number(keys);
  expect([...table.number(keys.toReversed()).subarray(0, keys.length)]).toEqual(keys.map((_, i) => i).toReversed());
});

test("a key is kept once, as it is to be kept", () => {
  const kept: string[] = [];
  const table = new KeyTable((key) => {
    kept.push(key);
    return key;
  });
  for (let i = 0; i < 3; i++) table.number(["a", "", "a", "longer than is read at all", "b"]);
  expect(kept).toEqual(["a", "", "longer than is read at all", "b"]);
});
