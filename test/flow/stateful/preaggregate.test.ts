import { describe, expect, test } from "vitest";
import { createKeyedStates, Dataflow, type Keyed, type KeyedStates, type PartitionedSource } from "../../../runtime/flow/index.ts";
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

describe.each([1, 2, 3])("on %d workers", (workers) => {
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

const read = (states: readonly KeyedStates[], key: string): unknown =>
  states.map((one) => one.read("count", key)).find((state) => state !== undefined);

/** What a key's state is after each round of the run; what it was before is left out. */
async function statesSeen(source: PartitionedSource<Keyed<number>, number>, options: RunOptions): Promise<unknown[]> {
  const seen: unknown[] = [undefined];
  const flow = new Dataflow("seen");
  flow.input("in", source).asKeyed().countFinal("count").output("out", arraySink([]));
  const states = [createKeyedStates(16), createKeyedStates(16)];
  await run(flow, {
    ...options,
    workers: 2,
    states,
    onRound(round) {
      options.onRound?.(round);
      const now = read(states, "k");
      if (now !== seen.at(-1)) seen.push(now);
    },
  });
  return seen.filter((value) => value !== undefined);
}
const ofOneKey = records(20_000, () => "k");

test("what several epochs gather leaves together", async () => {
  let rounds = 0;
  const seen = await statesSeen(listSource([ofOneKey], 50), { roundsPerTick: 5, onRound: (round) => (rounds = round) });
  expect(seen.at(-1)).toBe(20_000);
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.length).toBeLessThan(rounds / 5 / 3);
});

test("a snapshot has all that came before it, whatever waits for later epochs", async () => {
  const store = new MemoryStore();
  let checked = 0;
  await statesSeen(listSource([ofOneKey], 50), {
    roundsPerTick: 5,
    ticksPerSnapshot: 3,
    store,
    onRound() {
      if (!store.parts.has("in/part-0") || store.decoded("count").k === undefined) return;
      expect(store.decoded("count").k).toBe(store.parts.get("in/part-0"));
      checked++;
    },
  });
  expect(checked).toBeGreaterThan(10);
});

test("an epoch without records ends the gathering", async () => {
  let gave = 0;
  let shown: number | undefined;
  let rounds = 0;
  const source: PartitionedSource<Keyed<number>, number> = {
    kind: "partitioned",
    listParts: () => ["one"],
    buildPart: () => ({
      nextBatch() {
        if (gave++ === 0) return ofOneKey.slice(0, 10);
        return rounds > 200 ? null : [];
      },
      snapshot: () => gave,
    }),
  };
  const flow = new Dataflow("quiet");
  flow.input("in", source).asKeyed().countFinal("count").output("out", arraySink([]));
  const states = [createKeyedStates(16), createKeyedStates(16)];
  let clock = 0;
  await run(flow, {
    workers: 2,
    states,
    now: () => clock++,
    roundsPerTick: 5,
    onRound(round) {
      rounds = round;
      if (read(states, "k") === 10) shown ??= round;
    },
  });
  expect(shown).toBeLessThan(20);
});
