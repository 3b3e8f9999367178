import { expect, test } from "vitest";
import { Dataflow, type StatefulLogic } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "../harness.ts";
import { type Edge } from "./graphs.ts";

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
