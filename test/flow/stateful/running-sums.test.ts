import fc from "fast-check";
import { expect, test } from "vitest";
import { Dataflow, type StatefulLogic } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

type Pair = readonly [key: string, value: number];
const lists = fc.array(
  fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: -9, max: 9 })), { maxLength: 40 }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

function sums(all: readonly Pair[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const [key, value] of all) totals[key] = (totals[key] ?? 0) + value;
  return totals;
}

const logic = (resume: number | undefined): StatefulLogic<number, number, number> => {
  let sum = resume ?? 0;
  return {
    onItem(value) {
      sum += value;
      return { emit: [sum] };
    },
    snapshot: () => sum,
  };
};

test("running sums, per key and part in order, whatever the chunks and workers", async () => {
  const property = fc.asyncProperty(
    lists,
    fc.constantFrom(1, 2, 3),
    fc.constantFrom(1, 3, 50),
    fc.boolean(),
    async (parts, workers, batch, fast) => {
      const out: Pair[] = [];
      const flow = new Dataflow("sums");
      const keyed = flow.input("in", listSource(parts, batch)).asKeyed();
      const summed = fast
        ? keyed.statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, (sum ?? 0) + n])
        : keyed.stateful("sum", logic);
      summed.output("out", arraySink(out));
      await run(flow, { workers });
      expect(out.length).toBe(parts.flat().length);
      const last: Record<string, number> = {};
      for (const [key, sum] of out) last[key] = sum;
      expect(last).toEqual(sums(parts.flat()));
      if (parts.length > 1) return;
      const model: Pair[] = [];
      const totals: Record<string, number> = {};
      for (const [key, value] of parts[0]!) model.push([key, (totals[key] = (totals[key] ?? 0) + value)]);
      for (const key of "abcde") expect(out.filter(([k]) => k === key)).toEqual(model.filter(([k]) => k === key));
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test("a run that crashes anywhere and resumes, on any number of workers, has each record in its state exactly once", async () => {
  const crashes = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom(1, 2, 3), fc.boolean(), fc.option(fc.nat(), { nil: undefined })),
    { maxLength: 4 },
  );
  const property = fc.asyncProperty(
    lists,
    crashes,
    fc.constantFrom(1, 2),
    fc.boolean(),
    async (parts, runs, ticksPerSnapshot, fast) => {
      const store = new MemoryStore();
      // A key is forgotten when its sum is 7: removals have to survive, too. Only with one part is the order given.
      const forgets = (sum: number) => parts.length === 1 && sum === 7;
      const build = () => {
        const flow = new Dataflow("sums");
        const keyed = flow.input("in", listSource(parts, 2)).asKeyed();
        const summed = fast
          ? keyed.statefulMap("sum", (sum: number | undefined, n) => [forgets((sum ?? 0) + n) ? undefined : (sum ?? 0) + n, 0])
          : keyed.stateful("sum", (resume: number | undefined) => {
              const inner = logic(resume);
              return {
                ...inner,
                onItem(value: number) {
                  inner.onItem(value);
                  return { discard: forgets(inner.snapshot()) };
                },
              };
            });
        summed.output("out", arraySink([]));
        return flow;
      };
      for (const [crashAfter, workers, drains, seed] of runs) {
        await run(build(), {
          workers,
          store,
          ticksPerSnapshot,
          roundsPerTick: 2,
          ...(seed === undefined ? {} : { seed }),
          ...(drains ? { drainAfter: crashAfter } : { crashAfter }),
        });
      }
      await run(build(), { workers: 2, store, ticksPerSnapshot, seed: runs.length });
      const expected: Record<string, number> = {};
      for (const [key, value] of parts.flat()) {
        const sum = (expected[key] ?? 0) + value;
        if (forgets(sum)) delete expected[key];
        else expected[key] = sum;
      }
      expect(store.decoded("sum")).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 80 });
});

test("state kept in memory over a drain goes on where it was", async () => {
  const store = new MemoryStore();
  const parts: Pair[][] = [Array.from({ length: 60 }, (_, i) => [`k${i % 5}`, i] as const)];
  const out: Pair[] = [];
  const build = () => {
    const flow = new Dataflow("sums");
    flow.input("in", listSource(parts, 1)).asKeyed().stateful("sum", logic).output("out", arraySink(out));
    return flow;
  };
  const first = await run(build(), { workers: 2, store, drainAfter: 20 });
  expect(first.drained).toBe(true);
  const done = out.length;
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(60);
  await run(build(), { workers: 2, store, states: first.states });
  expect(out.length).toBe(60);
  const last: Record<string, number> = {};
  for (const [key, sum] of out) last[key] = sum;
  expect(last).toEqual(sums(parts.flat()));
  expect(store.decoded("sum")).toEqual(sums(parts.flat()));
});
