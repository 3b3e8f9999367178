/** Sentences of the contract that show in whole runs, and nowhere else. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Dataflow, type Keyed, type PartitionedSink, stdoutSink, type TransactionalSink } from "../../runtime/index.ts";
import { ABORT, EOF, runMain, testSink, testSource } from "../../runtime/testing/index.ts";
import { scratch, type Scratch } from "./runs.ts";

let disk: Scratch;
beforeEach(() => void (disk = scratch()));
afterEach(() => {
  vi.restoreAllMocks();
  disk.remove();
});
const durable = () => ({ epochMs: 0, recovery: { store: disk.store, snapshotMs: 0 } });

test("state of every kind of value survives a round trip; undefined fields vanish", async () => {
  const plain: unknown[] = [null, true, -0.5, "", "é🙂", 2n ** 70n, new Date(5), [1, [2]], { a: { b: [null] } }];
  const others: unknown[] = [
    new Map<unknown, unknown>([["k", new Set([1n])]]),
    new Set(["x"]),
    new Uint8Array([1, 2]),
    new Float64Array([0.5, -0]),
  ];
  const values = plain.concat(others);
  const found: unknown[] = [];
  const flow = new Dataflow("values");
  flow
    .input("in", testSource([...values.keys(), EOF, ...values.keys()]))
    .keyBy("key", (index) => `${index}`)
    .statefulMap("keep", (before: { value: unknown; gone?: undefined } | undefined, index) => {
      if (before !== undefined) found[index] = before;
      return [{ value: values[index], gone: undefined }, index];
    })
    .output("out", testSink([]));
  for (const workers of [2, 3]) await runMain(flow, { ...durable(), workers });
  expect(found).toStrictEqual(values.map((value) => ({ value })));
});

test("a transactional sink commits what the snapshot names, and again on a resume; each item stands once", async () => {
  const committed = new Map<string, number[]>();
  const calls: string[] = [];
  let ids = 0;
  const sink: TransactionalSink<number, { id: string; items: number[] }> = {
    kind: "transactional",
    build() {
      let open: number[] = [];
      return {
        writeBatch: (items) => void open.push(...items),
        prepare(epoch) {
          expect(epoch).toBeGreaterThan(0);
          const items = open;
          open = [];
          return items.length === 0 ? undefined : { id: `t${ids++}`, items };
        },
      };
    },
    async commit({ id, items }) {
      calls.push(id);
      // What is named by the manifest is committed after it, never before.
      expect(JSON.stringify(disk.manifest().snapshots.at(-1)!.prepared)).toContain(id);
      committed.set(id, items);
    },
    async abort({ id }) {
      expect(committed.has(id)).toBe(false);
    },
  };
  const flow = new Dataflow("exactly");
  flow.input("in", testSource([1, 2, ABORT, 3, 4, ABORT, 5])).output("out", sink);
  for (let run = 0; run < 3; run++) await runMain(flow, { ...durable(), workers: run + 1 });
  expect([...committed.values()].flat().toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(calls).size).toBeLessThan(calls.length);
});

test("a partitioned sink drops what it wrote after its snapshot, and gets values without keys", async () => {
  const files = new Map<string, string[]>();
  const sink: PartitionedSink<string, number> = {
    kind: "partitioned",
    listParts: () => ["a", "b"],
    // Any integer will do.
    partFor: (key) => (key === "x" ? -7 : 12),
    buildPart(part, resume) {
      const lines = files.get(part) ?? [];
      lines.length = resume ?? 0;
      files.set(part, lines);
      return { writeBatch: (values) => void lines.push(...values), snapshot: () => lines.length };
    },
  };
  const flow = new Dataflow("files");
  const items: (Keyed<string> | typeof ABORT)[] = [["x", "1"], ["y", "2"], ["x", "3"], ABORT, ["x", "4"]];
  flow.input("in", testSource(items)).asKeyed().output("out", sink);
  const late = { epochMs: 0, recovery: { store: disk.store, snapshotMs: 1_000_000 } };
  await runMain(flow, late);
  expect([...files.values()].flat().length).toBeGreaterThan(0);
  await runMain(flow, late);
  expect(Object.fromEntries(files)).toEqual({ a: ["2"], b: ["1", "3", "4"] });
});

test("inspect and inspectDebug print when they are given no inspector", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const flow = new Dataflow("printed");
  flow
    .input("in", testSource([7]))
    .inspect("seen")
    .inspectDebug("where");
  await runMain(flow);
  expect(log.mock.calls.map((words) => words.join(" "))).toEqual([
    "seen: 7",
    expect.stringMatching(/^where worker 0 epoch \d+: 7$/),
  ]);
});

test("stdoutSink prints an item per line", async () => {
  let text = "";
  vi.spyOn(process.stdout, "write").mockImplementation(((chunk: string, done?: (error?: Error) => void) => {
    text += chunk;
    done?.();
    return true;
  }) as never);
  const flow = new Dataflow("stdout");
  flow.input("in", testSource<unknown>(["plain", 3, { a: [1n] }, ["k", new Set([1])]])).output("out", stdoutSink());
  await runMain(flow);
  vi.restoreAllMocks();
  expect(text).toBe('plain\n3\n{"a":["1"]}\n["k",[1]]\n');
});

test("enrichCached keeps a cache per worker", async () => {
  let asked = 0;
  const out: string[] = [];
  const flow = new Dataflow("cached");
  flow
    .input("in", testSource(Array<string>(60).fill("k"), { batchSize: 5 }))
    .redistribute("spread")
    .enrichCached(
      "enrich",
      async (key: string) => {
        asked++;
        return key.toUpperCase();
      },
      async (get, key) => get(key),
    )
    .output("out", testSink(out));
  await runMain(flow, { workers: 3 });
  expect(asked).toBe(3);
  expect(out).toEqual(Array(60).fill("K"));
});

test("onEof is called at the end of each execution's input, and the key goes on in the next", async () => {
  const out: string[] = [];
  const flow = new Dataflow("ends");
  flow
    .input("in", testSource(["a", "b", EOF, "a"]))
    .keyBy("key", (name) => name)
    .stateful("count", (resume: number | undefined) => {
      let seen = resume ?? 0;
      return {
        onItem: () => void seen++,
        onEof: () => ({ emit: [seen] }),
        snapshot: () => seen,
      };
    })
    .map("text", ([name, seen]) => `${name}${seen}`)
    .output("out", testSink(out));
  await runMain(flow, durable());
  expect(out.splice(0).toSorted()).toEqual(["a1", "b1"]);
  await runMain(flow, durable());
  expect(out.toSorted()).toEqual(["a2", "b1"]);
});

test("without options a flow runs on one worker, in epochs", async () => {
  const seen: [number, number][] = [];
  const flow = new Dataflow("plain");
  flow.input("in", testSource([1, 2, 3])).inspectDebug("see", (_step, _item, epoch, worker) => void seen.push([epoch, worker]));
  await runMain(flow);
  expect(new Set(seen.map(([, worker]) => worker))).toEqual(new Set([0]));
  expect(new Set(seen.map(([epoch]) => epoch)).size).toBe(1);
  seen.length = 0;
  await runMain(flow, { epochMs: 0 });
  expect(new Set(seen.map(([epoch]) => epoch)).size).toBe(3);
});
