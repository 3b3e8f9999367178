import fc from "fast-check";
import { expect, test } from "vitest";
import { Entry } from "../../../runtime/flow/state/entry.ts";
import { Wakes } from "../../../runtime/flow/state/wakes.ts";

type Act =
  | { readonly kind: "set"; readonly key: number; readonly time: number }
  | { readonly kind: "cancel" | "discard"; readonly key: number }
  | { readonly kind: "pass"; readonly ms: number };
const key = fc.integer({ min: 0, max: 5 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), key, time: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("cancel" as const, "discard" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 15 }) }) },
);

test("each key comes at its own time, the last one it asked for, once", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const wakes = new Wakes();
      const entries = Array.from({ length: 6 }, (_, i) => new Entry(String(i)));
      const wanted = new Map<Entry, number>();
      let now = 0;
      const pass = (ms: number): void => {
        now += ms;
        const expected = [...wanted].filter(([, time]) => time <= now);
        expect(wakes.next()).toBeLessThanOrEqual(Math.min(Infinity, ...wanted.values()));
        const due = wakes.due(now);
        expect(new Set(due)).toEqual(new Set(expected.map(([entry]) => entry)));
        expect(due.length).toBe(expected.length);
        for (const entry of due) {
          entry.wake = undefined;
          wanted.delete(entry);
        }
      };
      for (const one of acts) {
        if (one.kind === "pass") pass(one.ms);
        else if (one.kind === "set") {
          wakes.set(entries[one.key]!, one.time);
          wanted.set(entries[one.key]!, one.time);
        } else {
          const entry = entries[one.key]!;
          wanted.delete(entry);
          entry.wake = undefined;
          if (one.kind === "discard") {
            entry.gone = true;
            entries[one.key] = new Entry(entry.key);
          }
        }
      }
      pass(1_000);
      expect(wakes.next()).toBe(Infinity);
    }),
    { numRuns: 500 },
  );
});

test("a key that moves its time nearer with each value does not fill the queue", () => {
  const wakes = new Wakes();
  const entries = Array.from({ length: 2_000 }, (_, i) => new Entry(String(i)));
  // Each round all keys ask for an earlier time than before, and one of them is woken: the others enter the queue again.
  for (let round = 0; round < 200; round++) {
    for (const entry of entries) wakes.set(entry, 1e6 - round);
    wakes.set(entries[0]!, round);
    expect(wakes.due(round)).toEqual([entries[0]]);
    entries[0]!.wake = undefined;
  }
  expect(wakes.places).toBeLessThan(4 * entries.length);
  expect(wakes.due(1e6).length).toBe(entries.length - 1);
});
