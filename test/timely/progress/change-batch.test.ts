/** Change batches: sums per location and time, as small as what they say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChangeBatch, type Time } from "../../../runtime/timely/progress/index.ts";

function content(batch: ChangeBatch): Map<string, number> {
  const found = new Map<string, number>();
  batch.forEach((location, time, difference) => {
    const key = `${location} ${JSON.stringify(time)}`;
    expect(found.has(key), "one entry per location and time").toBe(false);
    found.set(key, difference);
  });
  return found;
}

describe("a change batch", () => {
  test("adds up what is said of a location and time, and forgets what adds up to nothing", () => {
    const times: fc.Arbitrary<Time> = fc.oneof(fc.nat(40), fc.tuple(fc.nat(5), fc.nat(5)));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), times, fc.integer({ min: -1, max: 1 })), { maxLength: 400 }), (updates) => {
        const batch = new ChangeBatch();
        const sums = new Map<string, number>();
        for (const [place, time, difference] of updates) {
          // Times of one location are all of one kind.
          const location = typeof time === "number" ? place : place + 10;
          batch.update(location, time, difference);
          const key = `${location} ${JSON.stringify(time)}`;
          sums.set(key, (sums.get(key) ?? 0) + difference);
        }
        const expected = new Map([...sums].filter(([, sum]) => sum !== 0));
        batch.compact();
        expect(content(batch)).toEqual(expected);
        expect([batch.size, batch.isEmpty]).toEqual([expected.size, expected.size === 0]);
      }),
    );
  });

  test("finds entries again among very many times", () => {
    const batch = new ChangeBatch();
    for (let time = 0; time < 50_000; time++) batch.update(0, (time * 7919) % 50_021, 1);
    for (let time = 0; time < 50_000; time++) batch.update(0, (time * 7919) % 50_021, time === 77 ? 0 : -1);
    batch.compact();
    expect(content(batch)).toEqual(new Map([[`0 ${(77 * 7919) % 50_021}`, 1]]));
  });

  test("stays small while it is held back and ever new times come and go", () => {
    const batch = new ChangeBatch();
    batch.update(0, 0, -1);
    let looks = 0;
    for (let time = 0; time < 100_000; time++) {
      batch.update(1, time, 1);
      batch.update(1, time, -1);
    }
    batch.forEach(() => looks++);
    expect(looks).toBe(1);
    expect(batch.someNegative((location, time) => location === 0 && time === 0)).toBe(true);
  });

  test("is empty after clear", () => {
    const batch = new ChangeBatch();
    batch.update(3, [1, 2], 1);
    batch.clear();
    expect(content(batch).size).toBe(0);
    batch.update(3, [1, 2], 1);
    expect(content(batch)).toEqual(new Map([["3 [1,2]", 1]]));
  });
});
