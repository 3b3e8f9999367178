import fc from "fast-check";
import { expect, test } from "vitest";
import { createPartAssignment } from "../../runtime/execution/part-assignment.ts";

test("no worker has two parts more than another, over all sources and later arrivals", () => {
  const batches = fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.array(fc.string(), { maxLength: 9 })), { maxLength: 6 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), batches, (workers, added) => {
      const assignment = createPartAssignment(workers);
      const load = Array.from({ length: workers }, () => 0);
      const seen = new Map<string, number>();
      for (const [step, parts] of added) {
        for (const [part, worker] of assignment.add(step, parts)) {
          const name = `${step}/${part}`;
          expect(seen.has(name)).toBe(false);
          seen.set(name, worker);
          load[worker]!++;
        }
        for (const part of parts) expect(assignment.workerOf(step, part)).toBe(seen.get(`${step}/${part}`));
      }
      expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1);
    }),
  );
});

test("the table does not depend on the order in which parts are listed", () => {
  const table = (parts: string[]) => createPartAssignment(3).add("in", parts);
  expect(table(["c", "a", "b", "d"])).toEqual(table(["d", "b", "a", "c", "a"]));
});
