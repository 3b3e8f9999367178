import { expect, test } from "vitest";
import { Dataflow, type PartitionedSource } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

const later = <T>(value: T, ms = 1) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

/** Moves its position as soon as it is asked, like a source that reads ahead. */
function asyncSource(items: readonly number[], options: { first?: "sync"; ms?: number } = {}): PartitionedSource<number, number> {
  return {
    kind: "partitioned",
    listParts: async () => ["only"],
    async buildPart(_part, resume = 0) {
      let at = resume;
      let calls = 0;
      return {
        nextBatch() {
          const batch = at < items.length ? items.slice(at, at + 2) : null;
          at = Math.min(items.length, at + 2);
          return options.first === "sync" && calls++ === 0 ? batch : later(batch, options.ms);
        },
        snapshot: () => at,
      };
    },
  };
}
const numbers = Array.from({ length: 40 }, (_, i) => i);

function sumFlow(source: PartitionedSource<number, number>) {
  const out: number[] = [];
  const flow = new Dataflow("sum");
  flow
    .input("in", source)
    .keyBy("k", () => "k")
    .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, n])
    .unkey("u")
    .output("out", arraySink(out));
  return { flow, out };
}

for (const first of [undefined, "sync"] as const) {
  test(`positions of a source that answers by promise are those of what was handed on (${first ?? "async"} first)`, async () => {
    for (let crashAfter = 5; crashAfter < 60; crashAfter += 6) {
      const store = new MemoryStore();
      const source = () => asyncSource(numbers, first === undefined ? {} : { first });
      await run(sumFlow(source()).flow, { store, crashAfter, ticksPerSnapshot: 1, roundsPerTick: 2 });
      const { flow } = sumFlow(source());
      await run(flow, { store, ticksPerSnapshot: 1, roundsPerTick: 2 });
      expect(store.decoded("sum")).toEqual({ k: 780 });
      expect(store.parts.get("in/only")).toBe(40);
    }
  });
}

test("a promise that is out for long does not hold the epoch back", async () => {
  const store = new MemoryStore();
  let asked = 0;
  let release: ((batch: number[]) => void) | undefined;
  const flow = new Dataflow("poll");
  flow
    .input<number>("in", {
      kind: "partitioned",
      listParts: () => ["p"],
      buildPart: () => ({
        nextBatch() {
          asked++;
          if (asked === 3) return new Promise<number[]>((resolve) => (release = resolve));
          return Promise.resolve(asked < 3 ? [asked] : null);
        },
        snapshot: () => asked,
      }),
    })
    .output("out", arraySink([]));
  const committed: number[] = [];
  await run(flow, {
    store,
    ticksPerSnapshot: 1,
    onRound(round) {
      committed.push(store.committed);
      if (round === 60) {
        expect(store.parts.get("in/p")).toBe(2);
        release!([]);
      }
    },
  });
  expect(committed[58]! - committed[20]!).toBeGreaterThan(5);
});

test("dynamic sources read on every worker", async () => {
  const out: string[] = [];
  const flow = new Dataflow("dynamic");
  flow
    .input<string>("in", {
      kind: "dynamic",
      build(worker, workers) {
        let left = 3;
        return { nextBatch: () => (left-- > 0 ? [`${worker}/${workers}`] : null) };
      },
    })
    .output("out", arraySink(out));
  await run(flow, { workers: 2 });
  expect(out.toSorted()).toEqual(["0/2", "0/2", "0/2", "1/2", "1/2", "1/2"]);
});

test("nextAwake is kept, empty batches are no end, and parts are closed", async () => {
  let now = 0;
  const calls: number[] = [];
  let closed = 0;
  const out: number[] = [];
  const flow = new Dataflow("slow");
  flow
    .input<number>("in", {
      kind: "partitioned",
      listParts: () => ["p"],
      buildPart: () => ({
        nextBatch() {
          calls.push(now);
          return calls.length > 5 ? null : calls.length % 2 === 0 ? [] : new Set([calls.length]);
        },
        nextAwake: () => (calls.at(-1) ?? 0) + 10,
        snapshot: () => 0,
        close: async () => void closed++,
      }),
    })
    .output("out", arraySink(out));
  await run(flow, { now: () => now, onRound: () => void now++ });
  expect(out).toEqual([1, 3, 5]);
  for (let i = 1; i < calls.length; i++) expect(calls[i]! - calls[i - 1]!).toBeGreaterThanOrEqual(10);
  expect(closed).toBe(1);
});

test("a source that comes too early by its own clock is asked again, and not only at the next tick", async () => {
  let now = 0;
  let calls = 0;
  const asked: number[] = [];
  const flow = new Dataflow("early");
  const part = {
    nextBatch() {
      asked.push(now);
      return ++calls > 8 ? null : calls % 4 === 0 ? [calls] : [];
    },
    nextAwake: () => 10 * Math.ceil(calls / 4),
    snapshot: () => calls,
  };
  const out: number[] = [];
  flow.input<number>("in", { kind: "partitioned", listParts: () => ["p"], buildPart: () => part }).output("out", arraySink(out));
  await run(flow, { now: () => now, onRound: () => void now++, roundsPerTick: 1_000 });
  expect(out).toEqual([4, 8]);
  expect(asked.length).toBe(9);
  expect(asked.at(-1)).toBeLessThan(40);
});

test("a source that has nothing is asked again though the run's clock stands still", async () => {
  let calls = 0;
  const out: number[] = [];
  const flow = new Dataflow("still");
  const part = { nextBatch: () => (++calls < 5 ? [] : calls === 5 ? [5] : null), snapshot: () => calls };
  flow.input<number>("in", { kind: "partitioned", listParts: () => ["p"], buildPart: () => part }).output("out", arraySink(out));
  await run(flow, { now: () => 0 });
  expect(out).toEqual([5]);
});

test("each batch is its own epoch when epochs have no length", async () => {
  const seen: [number, number][] = [];
  const flow = new Dataflow("batches");
  flow.input("in", listSource([[1, 2, 3, 4, 5]], 2)).inspectDebug("see", (_step, item, epoch) => seen.push([item, epoch]));
  await run(flow, { perBatch: true });
  expect(new Set(seen.map(([, epoch]) => epoch)).size).toBe(3);
  expect(seen.map(([item]) => item)).toEqual([1, 2, 3, 4, 5]);
});

for (const [what, source] of Object.entries({
  building: { kind: "partitioned", listParts: () => ["p"], buildPart: () => fail() },
  "building later": { kind: "partitioned", listParts: () => ["p"], buildPart: async () => fail() },
  reading: { kind: "partitioned", listParts: () => ["p"], buildPart: () => ({ nextBatch: () => fail(), snapshot: () => 0 }) },
  "reading later": {
    kind: "partitioned",
    listParts: () => ["p"],
    buildPart: () => ({ nextBatch: async () => fail(), snapshot: () => 0 }),
  },
} as Record<string, PartitionedSource<unknown, unknown>>)) {
  test(`a source that fails while ${what} stops the flow, naming the step`, async () => {
    const flow = new Dataflow("failing");
    flow.input("in", source).output("out", arraySink([]));
    await expect(run(flow)).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in", cause: { message: "disk on fire" } });
  });
}
function fail(): never {
  throw new Error("disk on fire");
}

test("lag is reported per part", async () => {
  const flow = new Dataflow("lag");
  flow.input("in", listSource([numbers, numbers], 1)).output("out", arraySink([]));
  const { lowered } = await run(flow, { crashAfter: 4 });
  expect(lowered[0]!.metrics.steps[0]!.recordsOut).toBeGreaterThan(0);
});
