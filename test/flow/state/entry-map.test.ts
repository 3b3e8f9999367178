import { expect, test } from "vitest";
import { Entry } from "../../../runtime/flow/state/entry.ts";
import { EntryMap } from "../../../runtime/flow/state/entry-map.ts";
import { murmur3 } from "../../../runtime/flow/hash.ts";

/** Numbers that look random and are the same in each run. */
const number = (i: number): number => murmur3(`seed ${i}`);

for (const [name, keys, steps] of [
  ["few keys", 20, 20_000],
  ["keys that share slots", 30_000, 120_000],
  ["more keys than the table is for", 60_000, 200_000],
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
      } else if (map.get(key) !== model.get(key)) differences++;
    }
    expect(differences).toBe(0);
    expect(map.size).toBe(model.size);
    expect([...map.keys()]).toEqual([...model.keys()]);
    expect([...map.values()]).toEqual([...model.values()]);
  });
}

test("keys of any length and script are found", () => {
  const map = new EntryMap();
  for (const key of ["", "é", "日本語", "\ud800", "x".repeat(1_000)]) {
    const entry = new Entry(key);
    map.set(key, entry);
    expect(map.get(key)).toBe(entry);
    expect(map.get(key)).toBe(entry);
    map.delete(key);
    expect(map.get(key)).toBeUndefined();
  }
});
