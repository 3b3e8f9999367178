import { describe, expect, test } from "vitest";
import { Dataflow, type Keyed } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, randomFrom, run, type RunOptions } from "../harness.ts";

const batch = 500;

/** Whether each key comes once out of steps that combine in front of the exchange, with its count and its sum. */
async function check(lists: readonly (readonly Keyed<number>[])[], runs: readonly RunOptions[]): Promise<void> {
  const right = new Map<string, readonly [count: number, sum: number]>();
  for (const [key, value] of lists.flat()) {
    const [count, sum] = right.get(key) ?? [0, 0];
    right.set(key, [count + 1, sum + value]);
  }
  const counts: Keyed<number>[] = [];
  const sums: Keyed<number>[] = [];
  for (const options of runs) {
    const flow = new Dataflow("combined");
    const keyed = flow.input("in", listSource(lists, batch)).asKeyed();
    keyed.countFinal("count").output("counts", arraySink(counts));
    keyed.reduceFinal("sum", (a, b) => a + b).output("sums", arraySink(sums));
    await run(flow, options);
  }
  expect([counts.length, sums.length]).toEqual([right.size, right.size]);
  const wrong = [
    ...counts.filter(([key, count]) => right.get(key)![0] !== count),
    ...sums.filter(([key, sum]) => right.get(key)![1] !== sum),
  ];
  expect(wrong.slice(0, 5)).toEqual([]);
}
const records = (count: number, keyOf: (i: number) => string): Keyed<number>[] =>
  Array.from({ length: count }, (_, i) => [keyOf(i), i % 9] as const);

describe.each([2, 3])("on %d workers", (workers) => {
  test("keys that repeat, in epoch after epoch", () =>
    check([records(20_000, (i) => `k${i % 50}`), records(9_000, (i) => `k${i % 70}`)], [{ workers, roundsPerTick: 2 }]));

  test("keys that hardly repeat go by one by one, and keys that repeat come behind them", () =>
    check([[...records(20_000, (i) => `once ${i}`), ...records(20_000, (i) => `k${i % 50}`)]], [{ workers, roundsPerTick: 2 }]));

  test("more keys than are remembered", () => check([records(150_000, (i) => `k${i >> 1}`)], [{ workers, roundsPerTick: 1_000 }]));

  test("through a crash, each record once", async () => {
    const lists = [0, 1, 2].map((part) => records(20_000, (i) => `k${(i * (part + 1)) % 300}`));
    for (let seed = 1; seed < 8; seed++) {
      const random = randomFrom(seed);
      const store = new MemoryStore();
      const crashAfter = 5 + Math.floor(random() * 25);
      await check(lists, [
        { workers, store, seed, roundsPerTick: 2, crashAfter },
        { workers: 5 - workers, store, seed: seed + 100, roundsPerTick: 2 },
      ]);
    }
  });
});
