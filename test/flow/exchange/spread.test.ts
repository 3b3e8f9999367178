import { expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "../harness.ts";

const numbers = Array.from({ length: 120 }, (_, i) => i);

async function seenBy(spread: "redistribute" | "broadcast", batch: number): Promise<number[][]> {
  const seen: number[][] = [[], [], []];
  const flow = new Dataflow("spread");
  flow
    .input("in", listSource([numbers], batch))
    [spread]("spread")
    .inspectDebug("see", (_step, item, _epoch, worker) => seen[worker]!.push(item))
    .output("out", arraySink([]));
  await run(flow, { workers: 3 });
  return seen;
}

for (const batch of [1, 7, 120]) {
  test(`redistribute spreads batches of ${batch} evenly`, async () => {
    const seen = await seenBy("redistribute", batch);
    expect(seen.flat().toSorted((a, b) => a - b)).toEqual(numbers);
    for (const list of seen) expect(Math.abs(list.length - 40)).toBeLessThan(2);
  });
}

test("broadcast gives every item to every worker", async () => {
  for (const list of await seenBy("broadcast", 7)) expect(list).toEqual(numbers);
});

test("all records of a key meet on one worker", async () => {
  const homes = new Map<string, Set<number>>();
  const flow = new Dataflow("keys");
  flow
    .input("in", listSource([numbers, numbers, numbers], 5))
    .keyBy("k", (n) => `k${n % 20}`)
    .statefulMap("s", (count: number | undefined) => [(count ?? 0) + 1, (count ?? 0) + 1])
    .inspectDebug("see", (_step, [key], _epoch, worker) => homes.set(key, (homes.get(key) ?? new Set()).add(worker)))
    .asKeyed()
    .filterValue("last", (count) => count === 18)
    .output("out", arraySink([]));
  const { states } = await run(flow, { workers: 3 });
  expect(homes.size).toBe(20);
  for (const workers of homes.values()) expect(workers.size).toBe(1);
  expect(states.map((one) => one.count("s")).reduce((a, b) => a + b)).toBe(20);
});
