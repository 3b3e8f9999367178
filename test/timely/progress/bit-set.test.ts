/** Bit sets against plain sets. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BitSet } from "../../../runtime/timely/progress/index.ts";

describe("a bit set", () => {
  test("is walked in both directions from anywhere", () => {
    const element = fc.oneof(fc.nat(70), fc.nat(5_000));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), element), { maxLength: 60 }), element, (changes, from) => {
        const bits = new BitSet();
        const plain = new Set<number>();
        for (const [add, changed] of changes) {
          if (add) bits.add(changed);
          else bits.delete(changed);
          if (add) plain.add(changed);
          else plain.delete(changed);
        }
        const sorted = [...plain].toSorted((a, b) => a - b);
        expect(bits.size).toBe(sorted.length);
        expect(bits.next(from)).toBe(sorted.find((other) => other >= from) ?? -1);
        expect(bits.previous(from)).toBe(sorted.findLast((other) => other <= from) ?? -1);
        const walked: number[] = [];
        for (let at = bits.next(0); at >= 0; at = bits.next(at + 1)) walked.push(at);
        expect(walked).toEqual(sorted);
        const back: number[] = [];
        for (let at = bits.previous(100_000); at >= 0; at = bits.previous(at - 1)) back.push(at);
        expect(back).toEqual(sorted.toReversed());
      }),
      { numRuns: 300 },
    );
  });
});
