import fc from "fast-check";
import { expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, randomFrom, run } from "../harness.ts";
import { runTroubled, troubles } from "./troubled.ts";
import { distancesFrom, randomEdges, relax, relaxed, sorted } from "./graphs.ts";

test("a loop that crashes or drains anywhere and goes on, on any number of workers, knows the graph", async () => {
  const property = fc.asyncProperty(fc.nat(), troubles, fc.constantFrom(1, 2), async (seed, runs, ticksPerSnapshot) => {
    const store = new MemoryStore();
    const edges = randomEdges(randomFrom(seed), 40, 12);
    const build = () => {
      const flow = new Dataflow("graph");
      relax(flow.input("edges", listSource([edges.slice(0, 15), edges.slice(15)], 2)), distancesFrom(3)).output(
        "out",
        arraySink([]),
      );
      return flow;
    };
    await runTroubled(build, runs, { store, ticksPerSnapshot });
    await run(build(), { workers: 2, store, ticksPerSnapshot, seed });
    expect(sorted(store.decoded("node"))).toEqual(sorted(relaxed(edges, distancesFrom(3))));
  });
  await fc.assert(property, { numRuns: 60 });
});

/** Each walker goes on from key to key, counted where it comes by; there are two stateful steps in the loop, and one in a loop inside of it. */
function walks(flow: Dataflow, walkers: readonly (readonly number[])[]) {
  return flow
    .input("walkers", listSource(walkers, 2))
    .map("start", (steps) => ({ steps, at: steps % 5 }))
    .iterate("walk", (loop) => {
      const came = loop
        .keyBy("where", ({ at }) => `k${at}`)
        .statefulMap("visits", (count: number | undefined, walker) => [(count ?? 0) + 1, walker])
        .unkey("walker");
      const { trues: there, falses: onward } = came.branch("there", ({ steps }) => steps === 0);
      const turned = onward
        .map("step", ({ steps, at }) => ({ steps: steps - 1, at: (at * 3 + steps) % 7, turns: 2 }))
        .iterate("turn", (inner) => {
          const { trues: again, falses: out } = inner
            .keyBy("turning at", ({ at }) => `t${at}`)
            .statefulMap("turns", (count: number | undefined, walker) => [(count ?? 0) + 1, { ...walker, turns: walker.turns - 1 }])
            .unkey("turned")
            .branch("more", ({ turns }) => turns > 0);
          return { again, out };
        });
      return { again: turned.map("go on", ({ steps, at }) => ({ steps, at })), out: there };
    });
}

test("what goes round at a snapshot is in it once, in loops inside of loops, too", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    troubles,
    fc.constantFrom(1, 2),
    async (walkers, runs, ticksPerSnapshot) => {
      const store = new MemoryStore();
      const build = () => {
        const flow = new Dataflow("walks");
        walks(flow, walkers).output("out", arraySink([]));
        return flow;
      };
      await runTroubled(build, runs, { store, ticksPerSnapshot });
      await run(build(), { workers: 2, store, ticksPerSnapshot });
      const visits: Record<string, number> = {};
      const turns: Record<string, number> = {};
      for (const first of walkers.flat()) {
        let at = first % 5;
        for (let steps = first; ; steps--) {
          visits[`k${at}`] = (visits[`k${at}`] ?? 0) + 1;
          if (steps === 0) break;
          at = (at * 3 + steps) % 7;
          turns[`t${at}`] = (turns[`t${at}`] ?? 0) + 2;
        }
      }
      expect(store.decoded("visits")).toEqual(visits);
      expect(store.decoded("turns")).toEqual(turns);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

interface Walker {
  readonly left: number;
  readonly count?: number;
}

test("what a loop says at its end is said once, whatever happens on the way", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    troubles,
    fc.constantFrom(1, 2),
    async (walkers, runs, ticksPerSnapshot) => {
      const store = new MemoryStore();
      const build = () => {
        const flow = new Dataflow("ends");
        flow
          .input("walkers", listSource(walkers, 2))
          .map("start", (left): Walker => ({ left }))
          .iterate("walk", (loop) => {
            const { trues: ends, falses: walks } = loop.branch("end", ({ count }) => count !== undefined);
            const counted = walks.keyBy("key", ({ left }) => `k${left % 3}`).countFinal("count");
            // What the counts say goes round once more before it leaves.
            const told = counted.map("told", ([key, count]) => ({ left: Number(key.slice(1)), count }) as Walker);
            const onward = walks.filterMap("onward", ({ left }) => (left > 0 ? ({ left: left - 1 } as Walker) : undefined));
            return { again: onward.merge("again", told), out: ends };
          })
          .keyBy("by key", ({ left }) => `k${left}`)
          .statefulMap("total", (total: number | undefined, { count }) => [(total ?? 0) + count!, 0])
          .output("out", arraySink([]));
        return flow;
      };
      await runTroubled(build, runs, { store, ticksPerSnapshot });
      await run(build(), { workers: 3, store, ticksPerSnapshot });
      const totals: Record<string, number> = {};
      for (const first of walkers.flat()) {
        for (let left = first; left >= 0; left--) totals[`k${left % 3}`] = (totals[`k${left % 3}`] ?? 0) + 1;
      }
      expect(store.decoded("total")).toEqual(totals);
      expect(store.decoded("count")).toEqual({});
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
