import { expect, test } from "vitest";
import { Entry } from "../../../runtime/flow/state/entry.ts";
import { EntryMap } from "../../../runtime/flow/state/entry-map.ts";
import { murmur3 } from "../../../runtime/flow/hash.ts";
import { readKey } from "../../../runtime/flow/key-words.ts";

/** Numbers that look random and are the same in each run. */
const number = (i: number): number => murmur3(`seed ${i}`);

for (const [name, keys, steps] of [
  ["few keys", 20, 20_000],
  ["keys that share slots", 30_000, 120_000],
  ["a table that does not fit into a cache", 60_000, 200_000],
  ["so many keys that the table has no words", 150_000, 400_000],
] as const) {
  test(`it answers as a Map does: ${name}`, () => {
    const map = new EntryMap();
    const model = new Map<string, Entry>();
    let differences = 0;
    for (let i = 0; i < steps; i++) {
      const key = `k${number(i) % keys}`;
      const what = number(-i) % 16;
      if (what < 6) {
        const entry = new Entry(key);
        map.set(key, entry);
        model.set(key, entry);
      } else if (what === 6) {
        if (map.delete(key) !== model.delete(key)) differences++;
      } else if (what < 15) {
        if (map.get(key) !== model.get(key)) differences++;
      } else {
        const batch = Array.from({ length: number(i + 0.5) % 50 }, (_, at) => `k${number(i * 64 + at) % keys}`);
        const found: (Entry | undefined)[] = [];
        map.find(batch, found);
        batch.forEach((one, at) => (differences += Number(found[at] !== model.get(one))));
      }
    }
    expect(differences).toBe(0);
    expect(map.size).toBe(model.size);
    expect([...map.keys()].toSorted()).toEqual([...model.keys()].toSorted());
    expect(new Set(map.values())).toEqual(new Set(model.values()));
  });
}

const scripts = [
  "",
  "\0",
  "é",
  "日本語",
  "\ud800",
  "a",
  "a\0",
  "\0a",
  "ab",
  "ba",
  "x".repeat(1_000),
  "y".repeat(25),
  "z".repeat(24),
  "z".repeat(23),
];

test("keys of any length and script are found", () => {
  const map = new EntryMap();
  for (const key of scripts) {
    const entry = new Entry(key);
    map.set(key, entry);
    expect(map.get(key)).toBe(entry);
    expect(map.get(key)).toBe(entry);
    map.delete(key);
    expect(map.get(key)).toBeUndefined();
  }
});

test("a batch finds keys of any length and script, and those that are missing not", () => {
  const map = new EntryMap();
  for (const key of scripts) map.set(key, new Entry(key));
  const batch = [...scripts, "missing", "m".repeat(99), ...scripts];
  const found: (Entry | undefined)[] = [];
  map.find(batch, found);
  expect(found.map((entry) => entry?.key)).toEqual([...scripts, undefined, undefined, ...scripts]);
});

test("keys that crowd around one place are found, deleted and set again", () => {
  // The places of a table of 2^17, which 60,000 keys make, are the highest bits of the mixed hash.
  const place = (key: string): number => Math.imul(readKey(key).hash[0]!, 0x9e3779b1) >>> 15;
  const crowds = new Map<number, string[]>();
  for (let i = 0; i < 3_000_000; i++) {
    const key = `c${i}`;
    const at = place(key) >>> 5;
    if (at < 8) crowds.set(at, [...(crowds.get(at) ?? []), key]);
  }
  const keys = [...crowds.values()].flat();
  // Some 700 for each 32 places, of which none takes more than it has.
  expect(keys.length).toBeGreaterThan(5_000);
  const map = new EntryMap();
  for (let i = 0; i < 60_000; i++) map.set(`f${i}`, new Entry(`f${i}`));
  for (let round = 0; round < 3; round++) {
    for (const key of keys) map.set(key, new Entry(key));
    expect(map.size).toBe(60_000 + keys.length);
    expect(keys.every((key) => map.get(key)?.key === key)).toBe(true);
    expect(keys.every((key) => map.delete(key))).toBe(true);
    expect(keys.some((key) => map.get(key) !== undefined || map.delete(key))).toBe(false);
  }
  expect(Array.from({ length: 60_000 }, (_, i) => map.get(`f${i}`)?.key === `f${i}`).every(Boolean)).toBe(true);
});

test("a walk over the entries meets all that stay, whatever is set and deleted meanwhile", () => {
  for (let seed = 0; seed < 50; seed++) {
    const map = new EntryMap();
    const stay = new Set<string>();
    for (let i = 0; i < 400; i++) {
      const key = `${seed}/${i}${i % 9 === 0 ? "-with-a-key-that-is-rather-long" : ""}`;
      map.set(key, new Entry(key));
      if (number(i + seed) % 3 > 0) stay.add(key);
    }
    const met = new Set<string>();
    const leave = [...map.keys()].filter((key) => !stay.has(key));
    let fresh = 0;
    for (const { key } of map.values()) {
      met.add(key);
      for (let n = number(met.size) % 3; n > 0; n--) if (leave.length > 0) map.delete(leave.pop()!);
      // Half of the seeds make the table grow on the way.
      if (seed % 2 === 0 && fresh < 2_000) {
        const key = `new ${fresh++}`;
        map.set(key, new Entry(key));
      }
    }
    expect([...stay].every((key) => met.has(key))).toBe(true);
  }
});
