import { expect, test } from "vitest";
import { createBurst } from "../../../runtime/flow/input/burst.ts";
import { Dataflow, type PartitionedSource } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

/** How many records each of the next runs reads, from a source that always has a full batch. */
function runs(burst: ReturnType<typeof createBurst>, times: readonly number[], batch: number): number[] {
  return times.map((now) => {
    burst.begin(now);
    let records = 0;
    do records += batch;
    while (burst.goesOn(records));
    return records;
  });
}

test("a run doubles while the flow keeps up, to a bound", () => {
  expect(runs(createBurst(), [0, 0, 0, 1, 1, 1, 2], 1_000)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 17_000, 17_000]);
});

test("a run that took the flow longer than a millisecond is followed by one of a single batch", () => {
  expect(runs(createBurst(), [0, 1, 2, 4, 5], 1_000)).toEqual([1_000, 2_000, 4_000, 1_000, 2_000]);
});

test("a run ends with a batch that is not full, and small batches make runs of one", () => {
  expect(runs(createBurst(), [0, 0, 0], 255)).toEqual([255, 255, 255]);
  const burst = createBurst();
  runs(burst, [0, 0, 0], 1_000);
  burst.begin(0);
  expect(burst.goesOn(1_000)).toBe(true);
  expect(burst.goesOn(1_010)).toBe(false);
});

/** What a source and the step behind it do, in their order: r a batch read, w a batch that went by. The first one goes by in pieces. */
async function order(batch: number, now: () => number): Promise<string> {
  let left = 12;
  let seen = "";
  const source: PartitionedSource<number, number> = {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart: () => ({
      nextBatch() {
        if (left-- === 0) return null;
        seen += "r";
        return Array.from({ length: batch }, (_, i) => i);
      },
      snapshot: () => left,
    }),
  };
  const flow = new Dataflow("order");
  flow
    .input("in", source)
    // What reads an input without anything between runs with it, batch by batch.
    .redistribute("apart")
    .flatMapBatch("seen", (items) => {
      seen += "w";
      return items;
    })
    .output("out", arraySink<number>([]));
  await run(flow, { now });
  return seen.replace(/^rw+/, "rw");
}

test("full batches are read several at a time", async () => {
  expect(await order(1_000, () => 0)).toMatch(/^rwrrwwrrrrwwww/);
});

test("batches of a few records, and all batches of a slow flow, go one by one", async () => {
  expect(await order(10, () => 0)).toBe("rw".repeat(12));
  let now = 0;
  expect(await order(1_000, () => (now += 2))).toBe("rw".repeat(12));
});

test("what a run has gathered is in the snapshot's position or read again", async () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => i);
  const flow = () => {
    const made = new Dataflow("sum");
    made
      .input("in", listSource([numbers], 500))
      .keyBy("k", () => "k")
      .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, n])
      .output("out", arraySink<readonly [string, number]>([]));
    return made;
  };
  for (let crashAfter = 1; crashAfter < 10; crashAfter++) {
    const store = new MemoryStore();
    const options = { store, ticksPerSnapshot: 1, roundsPerTick: 2, now: () => 0 };
    expect((await run(flow(), { ...options, crashAfter })).crashed).toBe(true);
    await run(flow(), options);
    expect(store.decoded("sum")).toEqual({ k: (100_000 * 99_999) / 2 });
    expect(store.parts.get("in/part-0")).toBe(100_000);
  }
});
