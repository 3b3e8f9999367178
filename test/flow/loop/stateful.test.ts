import fc from "fast-check";
import { expect, test } from "vitest";
import { Dataflow, eventClock, type StatefulLogic, tumbling } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, randomFrom, run } from "../harness.ts";
import { components, distancesFrom, type Edge, randomEdges, relax, relaxed, sorted } from "./graphs.ts";

const algorithms = { "connected components": components, "shortest paths": distancesFrom(0) };

for (const [name, algorithm] of Object.entries(algorithms)) {
  for (const workers of [1, 2, 3]) {
    test(`${name} over a stream of edges, on ${workers} workers`, async () => {
      const edges = randomEdges(randomFrom(7), 60, 30);
      const out: (readonly [string, number])[] = [];
      const store = new MemoryStore();
      const flow = new Dataflow("graph");
      relax(flow.input("edges", listSource([edges.slice(0, 25), edges.slice(25)])), algorithm).output("out", arraySink(out));
      await run(flow, { workers, store });
      const wanted = relaxed(edges, algorithm);
      expect(sorted(store.decoded("node"))).toEqual(sorted(wanted));
      for (const [node, { best }] of Object.entries(wanted)) {
        const improvements = out.filter(([key]) => key === node).map(([, value]) => value);
        expect(Math.min(...improvements, Infinity)).toBe(best);
      }
    });
  }
}

const trouble = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 80 }), fc.constantFrom(1, 2, 3), fc.boolean(), fc.option(fc.nat(), { nil: undefined })),
  { maxLength: 4 },
);

test("a loop that crashes or drains anywhere and goes on, on any number of workers, knows the graph", async () => {
  const property = fc.asyncProperty(fc.nat(), trouble, fc.constantFrom(1, 2), async (seed, runs, ticksPerSnapshot) => {
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
    for (const [at, workers, drains, order] of runs) {
      await run(build(), {
        workers,
        store,
        ticksPerSnapshot,
        roundsPerTick: 2,
        ...(order === undefined ? {} : { seed: order }),
        ...(drains ? { drainAfter: at } : { crashAfter: at }),
      });
    }
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
    trouble,
    fc.constantFrom(1, 2),
    async (walkers, runs, ticksPerSnapshot) => {
      const store = new MemoryStore();
      const build = () => {
        const flow = new Dataflow("walks");
        walks(flow, walkers).output("out", arraySink([]));
        return flow;
      };
      for (const [at, workers, drains, order] of runs) {
        await run(build(), {
          workers,
          store,
          ticksPerSnapshot,
          roundsPerTick: 2,
          ...(order === undefined ? {} : { seed: order }),
          ...(drains ? { drainAfter: at } : { crashAfter: at }),
        });
      }
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
    trouble,
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
      for (const [at, workers, drains, order] of runs) {
        await run(build(), {
          workers,
          store,
          ticksPerSnapshot,
          roundsPerTick: 2,
          ...(order === undefined ? {} : { seed: order }),
          ...(drains ? { drainAfter: at } : { crashAfter: at }),
        });
      }
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

test.each([1, 3])(
  "a count at the end of a loop inside of a loop, with promises on the way round, on %i workers",
  async (workers) => {
    const out: [string, number][] = [];
    const flow = new Dataflow("inner-ends");
    flow
      .input("in", listSource([[2, 3], [1]], 1))
      .iterate("outer", (outer) => {
        const { trues: told, falses: numbers } = outer.branch("told", (n) => n >= 1_000);
        const inner = numbers.iterate("inner", (loop) => {
          const later = loop.mapAsync("later", async (n) => n);
          const counts = later.keyBy("key", (n) => `${n % 2}`).countFinal("count");
          return {
            again: later.filter("big", (n) => n > 10).map("smaller", (n) => n - 10),
            // A count goes round the outer loop once before it leaves.
            out: counts.map("as number", ([key, count]) => 1_000 + 100 * Number(key) + count),
          };
        });
        const more = numbers.filterMap("more", (n) => (n > 0 && n < 10 ? n - 1 + 10 * (n - 1) : undefined));
        return { again: more.merge("again", inner), out: told };
      })
      .keyBy("by key", (n) => `${Math.floor((n - 1_000) / 100)}`)
      .mapValue("its count", (n) => n % 100)
      .output("out", arraySink(out));
    await run(flow, { workers });
    const counts = new Map<string, number>();
    const inner = (n: number): void => {
      counts.set(`${n % 2}`, (counts.get(`${n % 2}`) ?? 0) + 1);
      if (n > 10) inner(n - 10);
    };
    const outer = (n: number): void => {
      inner(n);
      if (n > 0 && n < 10) outer(n - 1 + 10 * (n - 1));
    };
    for (const n of [2, 3, 1]) outer(n);
    expect(out.toSorted()).toEqual([...counts].toSorted());
  },
);

test("windows work inside of a loop", async () => {
  const out: string[] = [];
  const flow = new Dataflow("windows");
  flow
    .input("in", listSource([[35, 12], [4]], 1))
    .iterate("down", (loop) => {
      const { down } = loop
        .keyBy("key", () => "k")
        .window("tens", {
          clock: eventClock({ timestamp: (n: number) => n, waitMs: Infinity }),
          windower: tumbling({ lengthMs: 10, alignTo: 0 }),
        })
        .collect();
      return {
        again: loop.filter("more", (n) => n >= 10).map("ten less", (n) => n - 10),
        out: down.map("text", ([, [window, values]]) => `${window}: ${values.join(" ")}`),
      };
    })
    .output("out", arraySink(out));
  await run(flow, { workers: 2 });
  expect(out.toSorted()).toEqual(["0: 2 4 5", "1: 12 15", "2: 25", "3: 35"]);
});

for (const workers of [1, 3]) {
  test(`onEof in a loop comes once per key, after the loop has run dry, on ${workers} workers`, async () => {
    const out: [string, number, boolean][] = [];
    const flow = new Dataflow("ends");
    flow
      .input("in", listSource([[6], [3, 4]]))
      .iterate("down", (loop) => {
        const counted = loop
          .keyBy("key", (n) => `k${n}`)
          .stateful("count", () => {
            let seen = 0;
            let last = 0;
            return {
              onItem(n: number) {
                seen++;
                last = n;
                return n > 0 ? { emit: [{ n: n - 1, end: false, seen: 0 }] } : {};
              },
              onEof: () => ({ emit: [{ n: last, end: true, seen }] }),
              snapshot: () => seen,
            };
          });
        const { trues: ends, falses: going } = counted.branch("end", ([, { end }]) => end);
        return { again: going.map("next", ([, { n }]) => n), out: ends };
      })
      .inspect("see", (_step, [key, { seen }]) => out.push([key, seen, true]))
      .output("out", arraySink([]));
    await run(flow, { workers });
    expect(out.map(([key, seen]) => [key, seen]).toSorted()).toEqual([
      ["k0", 3],
      ["k1", 3],
      ["k2", 3],
      ["k3", 3],
      ["k4", 2],
      ["k5", 1],
      ["k6", 1],
    ]);
  });

  test(`keys that an onEof makes by feeding the loop are told as well, on ${workers} workers`, async () => {
    const out: string[] = [];
    const flow = new Dataflow("chain-of-ends");
    flow
      .input("in", listSource([["a"], ["b"]]))
      .iterate("round", (loop) => {
        const told = loop
          .keyBy("key", (name) => name)
          .stateful("node", (): StatefulLogic<string, string, number> => {
            let mine = "";
            let times = 0;
            return {
              onItem(name) {
                mine = name;
                times++;
              },
              onEof: () => ({ emit: [`${mine}${times}`] }),
              snapshot: () => times,
            };
          })
          .unkey("name");
        return { again: told.filter("short", (name) => name.length < 4), out: told };
      })
      .output("out", arraySink(out));
    await run(flow, { workers });
    expect(out.toSorted()).toEqual(["a1", "a11", "a111", "b1", "b11", "b111"]);
  });
}

test("keys that answer each other's end for ever stop the flow", async () => {
  const flow = new Dataflow("for-ever");
  let made = 0;
  flow
    .input("in", listSource([[0]]))
    .iterate("round", (loop) => {
      const again = loop
        .keyBy("key", (n) => `${n}`)
        .countFinal("count")
        .map("another", () => ++made);
      return { again, out: again };
    })
    .output("out", arraySink([]));
  await expect(run(flow)).rejects.toThrow(/Step "count" goes on making keys that emit at the end of input/);
});

test("timers in a loop wake keys while the input is open, and what they emit goes round", async () => {
  const out: number[] = [];
  const store = new MemoryStore();
  let now = 1_000;
  const flow = new Dataflow("timers");
  flow
    .input("in", listSource([[3, ...Array<number>(40).fill(-1)]], 1))
    .iterate("tick", (loop) => {
      const rung = loop
        .filter("real", (n) => n >= 0)
        .keyBy("key", (n) => `k${n}`)
        .stateful("alarm", (resume: number | undefined) => {
          let left = resume;
          let ring: number | undefined;
          return {
            onItem(n: number) {
              left = n;
              ring = now + 5;
            },
            notifyAt: () => ring,
            onNotify() {
              ring = undefined;
              return { emit: [left!], discard: true };
            },
            snapshot: () => left!,
          };
        })
        .unkey("left");
      return { again: rung.filter("more", (n) => n > 0).map("fewer", (n) => n - 1), out: rung };
    })
    .output("out", arraySink(out));
  await run(flow, { workers: 2, store, now: () => now, onRound: () => (now += 1), roundsPerTick: 3 });
  expect(out).toEqual([3, 2, 1, 0]);
  expect(store.decoded("alarm")).toEqual({});
});

test("joins, lists and the steps that fold work inside of a loop", async () => {
  const out: string[] = [];
  const flow = new Dataflow("many");
  const names = flow.input(
    "names",
    listSource([
      [
        ["k0", "zero"],
        ["k1", "one"],
        ["k2", "two"],
      ] as [string, string][],
    ]),
  );
  flow
    .input("in", listSource([[2, 1, 2]]))
    .iterate("loop", (loop) => {
      const keyed = loop.keyBy("key", (n) => `k${n}`);
      const joined = keyed.join("named", [names.asKeyed()], { emit: "final" });
      const lists = keyed.collect("lists", { maxSize: 2, timeoutMs: Infinity });
      const counts = keyed.countFinal("counts");
      const text = joined
        .map("joined", ([key, row]) => `join ${key} ${row.join(" ")}`)
        .merge(
          "all",
          lists.map("list", ([key, list]) => `list ${key} ${list.join(" ")}`),
          counts.map("count", ([key, count]) => `count ${key} ${count}`),
        );
      return { again: loop.filter("more", (n) => n > 0).map("less", (n) => n - 1), out: text };
    })
    .output("out", arraySink(out));
  await run(flow, { workers: 2 });
  expect(out.toSorted()).toEqual(
    [
      "join k0 0 zero",
      "join k1 1 one",
      "join k2 2 two",
      "count k0 3",
      "count k1 3",
      "count k2 2",
      "list k0 0 0",
      "list k0 0",
      "list k1 1 1",
      "list k1 1",
      "list k2 2 2",
    ].toSorted(),
  );
});

test("a stateful step in a loop that is fed from outside alone ends with what feeds it", async () => {
  const out: unknown[] = [];
  const edges: Edge[] = [[1, 2, 3]];
  const flow = new Dataflow("outside");
  const other = flow.input("other", listSource([edges]));
  flow
    .input("in", listSource([[1, 2, 3, 4, 5, 6, 7, 8, 9]], 1))
    .iterate("loop", (loop) => {
      const counts = other.keyBy("by start", ([from]) => `${from}`).countFinal("starts");
      return { again: loop.filter("none", () => false), out: counts };
    })
    .output("out", arraySink(out));
  await run(flow, { workers: 2 });
  expect(out).toEqual([["1", 1]]);
});
