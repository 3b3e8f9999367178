import { expect, test } from "vitest";
import { Dataflow, eventClock, tumbling } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, randomFrom, run } from "../harness.ts";
import { components, distancesFrom, randomEdges, relax, relaxed, sorted } from "./graphs.ts";

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
