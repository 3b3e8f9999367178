import { expect, test } from "vitest";
import { Dataflow, type DynamicSink, type PartitionedSink, type TransactionalSink } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, randomFrom, run } from "../harness.ts";

const later = (ms = 1) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const numbers = Array.from({ length: 60 }, (_, i) => i);

test("an epoch is not over before its writes are", async () => {
  let written = 0;
  const store = new MemoryStore();
  const slow: DynamicSink<number> = {
    kind: "dynamic",
    build: async () => ({
      async writeBatch(items) {
        await later();
        written += items.length;
      },
    }),
  };
  const flow = new Dataflow("slow");
  flow.input("in", listSource([numbers], 1)).output("out", slow);
  let before = 0;
  await run(flow, {
    store,
    ticksPerSnapshot: 1,
    onRound() {
      const position = (store.parts.get("in/part-0") as number | undefined) ?? 0;
      expect(written).toBeGreaterThanOrEqual(position);
      before = Math.max(before, position);
    },
  });
  // The last snapshot commits after the last round.
  expect(written).toBe(60);
  expect(before).toBeGreaterThan(40);
  expect(store.parts.get("in/part-0")).toBe(60);
});

/** A file per part, in memory: survives "crashes", is truncated on resume. */
function files(parts: readonly string[], asynchronous = false) {
  const content = new Map<string, string[]>();
  const sink: PartitionedSink<string, number> = {
    kind: "partitioned",
    listParts: () => parts,
    buildPart(part, resume) {
      const lines = (content.get(part) ?? []).slice(0, resume ?? 0);
      content.set(part, lines);
      const write = (items: readonly string[]) => void lines.push(...items);
      return {
        writeBatch: (items) => (asynchronous ? later().then(() => write(items)) : write(items)),
        snapshot: () => (asynchronous ? later().then(() => lines.length) : lines.length),
      };
    },
  };
  return { content, sink };
}

for (const asynchronous of [false, true]) {
  test(`a partitioned sink has each value exactly once over crashes (${asynchronous ? "async" : "sync"})`, async () => {
    const parts = ["p0", "p1", "p2"];
    const values = [...numbers, ...numbers.map((n) => n + 100), ...numbers.map((n) => n + 200)];
    for (let seed = 1; seed <= (asynchronous ? 4 : 25); seed++) {
      const { content, sink } = files(parts, asynchronous);
      const store = new MemoryStore();
      const random = randomFrom(seed);
      const build = () => {
        const flow = new Dataflow("files");
        flow
          .input("in", listSource([values.slice(0, 60), values.slice(60, 120), values.slice(120)], 2))
          .keyBy("k", (n) => `k${n % 7}`)
          .mapValue("text", String)
          .output("out", sink);
        return flow;
      };
      for (let crash = 0; crash < 5; crash++) {
        const options = {
          store,
          roundsPerTick: 2,
          ticksPerSnapshot: 1 + (crash % 2),
          sinkParts: { out: parts },
          seed: seed * 10 + crash,
        };
        const workers = 1 + Math.floor(random() * 3);
        await run(build(), { ...options, workers, ...(crash < 4 ? { crashAfter: 1 + Math.floor(random() * 60) } : {}) });
      }
      const all = [...content.values()].flat().map(Number);
      expect(all.toSorted((x, y) => x - y)).toEqual(values);
      expect(content.size).toBe(3);
    }
  });
}

test("partFor decides the part, modulo their number", async () => {
  const { content, sink } = files(["a", "b"]);
  const flow = new Dataflow("files");
  const routed = { ...sink, partFor: (key: string) => -Number(key) };
  flow
    .input("in", listSource([[1, 2, 3, 4]]))
    .keyBy("k", String)
    .mapValue("text", String)
    .output("out", routed);
  await run(flow, { workers: 2, sinkParts: { out: ["a", "b"] } });
  expect([content.get("a")!.toSorted(), content.get("b")!.toSorted()]).toEqual([
    ["2", "4"],
    ["1", "3"],
  ]);
});

function transactional() {
  const log: string[] = [];
  const committed: number[] = [];
  const sink: TransactionalSink<number, number[]> = {
    kind: "transactional",
    build() {
      let open: number[] = [];
      return {
        writeBatch: (items) => void open.push(...items),
        async prepare(epoch) {
          await later();
          const prepared = open;
          open = [];
          log.push(`prepare ${epoch}`);
          return prepared.length === 0 ? undefined : prepared;
        },
        close: () => void log.push("close"),
      };
    },
    commit: (prepared) => void committed.push(...prepared),
    abort: () => undefined,
  };
  return { log, committed, sink };
}

test("a transactional sink prepares at snapshots, with nothing of a later epoch in it", async () => {
  const { sink } = transactional();
  const store = new MemoryStore();
  const build = () => {
    const flow = new Dataflow("tx");
    flow.input("in", listSource([numbers], 1)).output("out", sink);
    return flow;
  };
  const read = () => store.prepared.flatMap(([, value]) => value as number[]);
  const onRound = () => expect(read()).toEqual(numbers.slice(0, (store.parts.get("in/part-0") as number | undefined) ?? 0));
  const options = { store, roundsPerTick: 3, ticksPerSnapshot: 2, onRound };
  for (const crashAfter of [13, 21]) await run(build(), { ...options, crashAfter });
  await run(build(), options);
  expect(read()).toEqual(numbers);
});

test("without recovery a transactional sink commits by itself", async () => {
  const { sink, committed, log } = transactional();
  const flow = new Dataflow("tx");
  flow.input("in", listSource([numbers], 1)).output("out", sink);
  await run(flow);
  expect(committed).toEqual(numbers);
  expect(log.at(-1)).toBe("close");
});

test("a sink that fails stops the flow, naming the step", async () => {
  for (const part of [
    { writeBatch: () => fail() },
    { writeBatch: async () => fail() },
    { writeBatch: () => undefined, close: () => fail() },
  ]) {
    const flow = new Dataflow("failing");
    flow.input("in", listSource([[1]])).output("out", { kind: "dynamic", build: () => part } as DynamicSink<number>);
    await expect(run(flow)).rejects.toMatchObject({ code: "WEIR_SINK_FAILED", step: "out", cause: { message: "full" } });
  }
  const flow = new Dataflow("failing");
  flow.input("in", listSource([[1]])).output("out", { kind: "dynamic", build: () => fail() } as DynamicSink<number>);
  await expect(run(flow)).rejects.toMatchObject({ code: "WEIR_SINK_FAILED", step: "out" });
});
function fail(): never {
  throw new Error("full");
}

test("a slow sink slows its source", async () => {
  let read = 0;
  let written = 0;
  let most = 0;
  const batch = Array.from({ length: 1_000 }, (_, i) => i);
  const flow = new Dataflow("slow");
  flow
    .input<number>("in", {
      kind: "dynamic",
      build: () => ({
        nextBatch() {
          if (read >= 1_000_000) return null;
          read += batch.length;
          return batch;
        },
      }),
    })
    .map("m", (n) => n)
    .output("out", {
      kind: "dynamic",
      build: () => ({
        async writeBatch(items) {
          await new Promise((resolve) => setImmediate(resolve));
          written += items.length;
          most = Math.max(most, read - written);
        },
      }),
    });
  await run(flow);
  expect(written).toBe(1_000_000);
  expect(most).toBeLessThan(150_000);
});

test("writes that take time now and then come one after the other, in the order of what waits", async () => {
  const order: number[] = [];
  let under = 0;
  let writes = 0;
  const sink: DynamicSink<number> = {
    kind: "dynamic",
    build: () => ({
      writeBatch(items) {
        expect(under).toBe(0);
        order.push(...items);
        if (writes++ % 3 !== 1) return;
        under++;
        return later().then(() => void under--);
      },
    }),
  };
  const many = Array.from({ length: 40_000 }, (_, i) => i);
  const flow = new Dataflow("order");
  // Full batches arrive several at a time, and a clock that stands still lets them gather.
  flow.input("in", listSource([many], 1_000)).output("out", sink);
  await run(flow, { now: () => 0 });
  expect(writes).toBeGreaterThanOrEqual(40);
  expect(order).toEqual(many);
});

test("items of a keyed stream reach a sink as pairs", async () => {
  const out: unknown[] = [];
  const flow = new Dataflow("pairs");
  flow
    .input("in", listSource([[1]]))
    .keyBy("k", String)
    .output("out", arraySink(out) as never);
  await run(flow);
  expect(out).toEqual([["1", 1]]);
});

test("a partitioned sink needs parts, and partFor an integer", async () => {
  const build = (partFor?: (key: string) => number) => {
    const flow = new Dataflow("parts");
    const sink = { ...files(["p"]).sink, ...(partFor === undefined ? {} : { partFor }) };
    flow
      .input("in", listSource([["a"]]))
      .keyBy("k", String)
      .output("out", sink);
    return flow;
  };
  await expect(run(build())).rejects.toMatchObject({ code: "WEIR_SINK_FAILED", step: "out" });
  await expect(
    run(
      build(() => 1.5),
      { sinkParts: { out: ["p"] } },
    ),
  ).rejects.toMatchObject({ code: "WEIR_BAD_RETURN", step: "out" });
});
