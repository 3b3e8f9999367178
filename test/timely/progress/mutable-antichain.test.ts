/** Both mutable antichains against a plain list of counts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMutableAntichain, lessThan, sameAntichain, sameTime, type Time } from "../../../runtime/timely/progress/index.ts";

const kinds: readonly (readonly [name: string, coordinates: number, times: fc.Arbitrary<Time>])[] = [
  ["numbers", 1, fc.nat(30)],
  ["pairs", 2, fc.tuple(fc.nat(5), fc.nat(5))],
  ["pairs of pairs", 3, fc.tuple(fc.tuple(fc.nat(3), fc.nat(3)), fc.nat(3))],
];

describe("a mutable antichain", () => {
  test.each(kinds)("of %s has the minimal times with a positive count as its frontier", (_, coordinates, times) => {
    const updates = fc.array(fc.tuple(times, fc.integer({ min: -3, max: 3 })), { maxLength: 80 });
    fc.assert(
      fc.property(updates, (sequence) => {
        const antichain = createMutableAntichain(coordinates);
        const counts: { time: Time; count: number }[] = [];
        let entries = 0;
        for (const [time, difference] of sequence) {
          let entry = counts.find((other) => sameTime(other.time, time));
          if (entry === undefined) counts.push((entry = { time, count: 0 }));
          const before = [...antichain.elements()];
          entry.count += difference;
          entries += antichain.update(time, difference);
          const positive = counts.filter(({ count }) => count > 0).map((other) => other.time);
          const minimal = positive.filter((candidate) => !positive.some((other) => lessThan(other, candidate)));
          expect(sameAntichain(antichain.elements(), minimal)).toBe(true);
          expect(antichain.moved).toBe(!sameAntichain(before, minimal));
          expect(antichain.countOf(time)).toBe(entry.count);
          expect(entries).toBe(counts.filter(({ count }) => count !== 0).length);
        }
      }),
    );
  });

  test("finds its place among many times", () => {
    const antichain = createMutableAntichain(1);
    for (let time = 9_999; time >= 0; time--) antichain.update((time * 7919) % 10_007, 1);
    for (let time = 0; time < 5_000; time++) antichain.update(antichain.elements()[0]!, -1);
    expect(antichain.entries()).toHaveLength(5_000);
  });
});
