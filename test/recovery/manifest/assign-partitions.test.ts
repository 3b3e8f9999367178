import fc from "fast-check";
import { expect, test } from "vitest";
import { assignPartitions } from "../../../runtime/recovery/index.ts";

const counts = (assignment: readonly number[], workers: number): number[] => {
  const held = Array.from({ length: workers }, () => 0);
  for (const worker of assignment) if (worker < workers) held[worker] = (held[worker] as number) + 1;
  return held;
};

test("is balanced to within one partition, for any table before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 40 }),
      fc.option(fc.array(fc.nat({ max: 50 }), { maxLength: 300 }), { nil: undefined }),
      (partitions, workers, previous) => {
        const assignment = assignPartitions(partitions, previous, workers);
        expect(assignment).toHaveLength(partitions);
        const held = counts(assignment, workers);
        expect(held.reduce((a, b) => a + b, 0)).toBe(partitions);
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("moves no more partitions than any balanced table has to", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
      (partitions, rescales) => {
        let assignment = assignPartitions(partitions, undefined, 3);
        for (const workers of rescales) {
          const next = assignPartitions(partitions, assignment, workers);
          const moved = next.filter((worker, partition) => worker !== assignment[partition]).length;
          // Kept at best: each worker what it held, up to its share, with the larger shares where they keep most.
          const held = counts(assignment, workers).toSorted((a, b) => b - a);
          const floor = Math.floor(partitions / workers);
          const kept = held.reduce((sum, each, i) => sum + Math.min(each, floor + (i < partitions % workers ? 1 : 0)), 0);
          expect(moved).toBe(partitions - kept);
          assignment = next;
        }
      },
    ),
  );
});

test("changes nothing when the number of workers stays", () => {
  const assignment = assignPartitions(128, undefined, 5);
  expect(assignPartitions(128, assignment, 5)).toEqual(assignment);
});
