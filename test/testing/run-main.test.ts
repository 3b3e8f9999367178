import { afterEach, beforeEach, expect, test } from "vitest";
import { Dataflow, type DynamicSource, pollingSource, systemClock, tumbling } from "../../runtime/index.ts";
import { ABORT, EOF, PAUSE, runMain, testSink, testSource, type RunOptions } from "../../runtime/testing/index.ts";
import { scratch, type Scratch } from "./runs.ts";

let disk: Scratch;
beforeEach(() => void (disk = scratch()));
afterEach(() => disk.remove());
const durable = (more: Partial<NonNullable<RunOptions["recovery"]>> = {}): RunOptions => ({
  epochMs: 0,
  recovery: { store: disk.store, snapshotMs: 0, ...more },
});

type Item = number | typeof EOF | typeof ABORT | PAUSE;
/** Adds up, per key "all", and tells each sum; `ends` counts the calls of onEof. */
function sums(
  items: readonly Item[],
  out: number[],
  options: { batchSize?: number; step?: string } = {},
): { flow: Dataflow; ends: () => number } {
  let ends = 0;
  const flow = new Dataflow("sums");
  flow
    .input("in", testSource(items, options.batchSize === undefined ? {} : { batchSize: options.batchSize }))
    .keyBy("key", () => "all")
    .stateful<number, number>(options.step ?? "sum", (state) => {
      let sum = (state as number | undefined) ?? 0;
      return {
        onItem(value) {
          sum += value;
          return { emit: [sum] };
        },
        onEof() {
          ends++;
        },
        snapshot: () => sum,
      };
    })
    .unkey("plain")
    .output("out", testSink(out));
  return { flow, ends: () => ends };
}

test("runs to the end of its input", async () => {
  const out: number[] = [];
  const { flow, ends } = sums([1, 2, 3], out);
  await runMain(flow);
  expect([out, ends()]).toEqual([[1, 3, 6], 1]);
});

test("EOF ends this run's input; the next goes on behind it with the state of the last", async () => {
  const out: number[] = [];
  const { flow, ends } = sums([1, 2, EOF, 3, EOF, EOF, 4], out);
  const seen: number[][] = [];
  for (let run = 0; run < 5; run++) {
    await runMain(flow, durable());
    seen.push(out.splice(0));
  }
  expect(seen).toEqual([[1, 3], [6], [], [10], []]);
  expect(ends()).toBe(5);
});

test("ABORT stops at once: nothing more is committed, no onEof, and the next run goes on from the last snapshot", async () => {
  const out: number[] = [];
  const { flow, ends } = sums([1, 2, ABORT, 3], out);
  await runMain(flow, durable());
  expect([out.splice(0), ends()]).toEqual([[1, 3], 0]);
  const { snapshots } = disk.manifest();
  await runMain(flow, durable());
  expect([out, ends()]).toEqual([[6], 1]);
  expect(disk.manifest().snapshots.at(-1)!.epoch).toBeGreaterThan(snapshots.at(-1)!.epoch);
});

test("what came after the last snapshot comes again after an ABORT", async () => {
  const out: number[] = [];
  const { flow } = sums([1, 2, ABORT, 3], out);
  const options: RunOptions = { epochMs: 0, recovery: { store: disk.store, snapshotMs: 1_000_000 } };
  await runMain(flow, options);
  expect(disk.manifest().snapshots).toEqual([]);
  await runMain(flow, options);
  expect(out).toEqual([1, 3, 1, 3, 6]);
});

test("a flow that is built anew skips the ABORT that has fired over its store, and no other", async () => {
  const out: number[] = [];
  const build = () => sums([1, 2, ABORT, 3, ABORT, 4], out).flow;
  const runs: number[][] = [];
  for (let run = 0; run < 3; run++) {
    await runMain(build(), durable());
    runs.push(out.splice(0));
  }
  expect(runs).toEqual([[1, 3], [6], [10]]);
  const other = scratch();
  await runMain(build(), { epochMs: 0, recovery: { store: other.store, snapshotMs: 0 } });
  other.remove();
  expect(out).toEqual([1, 3]);
});

test("without recovery an ABORT is skipped by the next run, which begins anew", async () => {
  const out: number[] = [];
  const { flow } = sums([1, ABORT, 2], out);
  await runMain(flow, { epochMs: 0 });
  await runMain(flow, { epochMs: 0 });
  expect(out).toEqual([1, 1, 3]);
});

test("PAUSE keeps items back in real time", async () => {
  const out: number[] = [];
  const at: number[] = [];
  const flow = new Dataflow("paused");
  flow
    .input("in", testSource([1, new PAUSE(120), 2]))
    .inspect("look", () => void at.push(performance.now()))
    .output("out", testSink(out));
  // The run's own clock has nothing to do with it.
  await runMain(flow, { now: () => 0 });
  expect(out).toEqual([1, 2]);
  expect(at[1]! - at[0]!).toBeGreaterThan(110);
});

test("sentinels are never inside of a batch", async () => {
  const out: number[] = [];
  const { flow } = sums([1, 2, 3, EOF, 4, 5], out, { batchSize: 2 });
  await runMain(flow, durable());
  expect(out.splice(0)).toEqual([1, 3, 6]);
  await runMain(flow, durable());
  expect(out).toEqual([10, 15]);
});

test("fromEpoch goes back to a snapshot that is retained, and names those that are", async () => {
  const out: number[] = [];
  const { flow } = sums([1, 2, 3, 4], out);
  await runMain(flow, durable({ retain: 4 }));
  const epochs = disk.manifest().snapshots.map(({ epoch }) => epoch);
  expect(epochs).toHaveLength(4);
  out.length = 0;
  await runMain(flow, durable({ retain: 4, fromEpoch: epochs[0]! }));
  expect([3, 6, 10].slice(-out.length)).toEqual(out);
  expect(out.length).toBeGreaterThan(0);
  const error = runMain(flow, durable({ fromEpoch: 1_000_000 }));
  await expect(error).rejects.toMatchObject({
    code: "WEIR_SNAPSHOT_NOT_RETAINED",
    message: expect.stringMatching(/1000000.*retained: \d+/),
  });
});

test("a snapshot that is not retained any more has no files left", async () => {
  const { flow } = sums([1, 2, 3, 4, 5, 6], []);
  await runMain(flow, durable({ retain: 1 }));
  const { snapshots } = disk.manifest();
  expect(snapshots).toHaveLength(1);
  expect(disk.files()).toEqual(snapshots[0]!.files.map(({ path }) => path).toSorted());
});

test("a step with state that is gone stops the resume before anything is written, unless that is allowed", async () => {
  await runMain(sums([1, EOF, 2], []).flow, durable());
  const before = disk.manifest();
  const out: number[] = [];
  const renamed = sums([1, EOF, 2], out, { step: "total" }).flow;
  await expect(runMain(renamed, durable())).rejects.toMatchObject({
    code: "WEIR_STATE_DROPPED",
    step: "sum",
    message: expect.stringContaining('"sum"'),
  });
  expect([disk.manifest(), out]).toEqual([before, []]);
  await runMain(renamed, durable({ allowDroppedState: true }));
  expect(out).toEqual([2]);
});

test("another number of partitions is refused before anything is written", async () => {
  const { flow } = sums([1, EOF, 2], []);
  await runMain(flow, durable({ partitions: 8 }));
  const before = disk.manifest();
  await expect(runMain(flow, durable({ partitions: 16 }))).rejects.toMatchObject({
    code: "WEIR_PARTITIONS_CHANGED",
    message: expect.stringMatching(/8.*16/),
  });
  expect(disk.manifest()).toEqual(before);
});

test.each([
  ["gone", "WEIR_SNAPSHOT_MISSING"],
  ["altered", "WEIR_SNAPSHOT_DAMAGED"],
  ["cut short", "WEIR_SNAPSHOT_DAMAGED"],
])("a snapshot file that is %s stops the resume, and names the file", async (how, code) => {
  const out: number[] = [];
  const { flow } = sums([1, EOF, 2], out);
  await runMain(flow, durable());
  const { snapshots } = disk.manifest();
  const { path } = snapshots[0]!.files[0]!;
  const bytes = disk.read(path);
  if (how === "gone") {
    disk.remove();
    const { default: fs } = await import("node:fs");
    fs.mkdirSync(new URL(disk.store), { recursive: true });
    disk.write("manifest.json", Buffer.from(JSON.stringify({ ...JSON.parse("{}"), ...manifestWith(snapshots) })));
  } else if (how === "altered")
    disk.write(
      path,
      bytes.map((byte, at) => (at === bytes.length - 9 ? byte ^ 1 : byte)),
    );
  else disk.write(path, bytes.subarray(0, bytes.length - 1));
  out.length = 0;
  await expect(runMain(flow, durable())).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
  expect(out).toEqual([]);
  expect(disk.manifest().snapshots).toEqual(snapshots);
});
function manifestWith(snapshots: readonly unknown[]): object {
  const assignment = Array.from({ length: 128 }, () => 0);
  return {
    format: 1,
    flow: "sums",
    hash: "murmur3-32/utf-16le",
    partitions: 128,
    execution: 1,
    topology: { processes: 1, threads: 1 },
    assignment,
    snapshots,
  };
}

test("of two runs that claim one store one wins, and the other stops with an error that says who owns it", async () => {
  const run = (pauses: number): Promise<void> => {
    const items = Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? at : new PAUSE(pauses)));
    return runMain(sums(items, []).flow, durable());
  };
  const both = await Promise.allSettled([run(30), run(30)]);
  const failed = both.filter((each) => each.status === "rejected");
  expect(failed).toHaveLength(1);
  expect(failed[0]!.reason).toMatchObject({
    code: "WEIR_STORE_OWNED",
    message: expect.stringMatching(/owned by execution \d+, claimed by \S+ process \d+/),
  });
});

test("a clock that stands still stands still for windows and polling, and the run goes on", async () => {
  const now = Date.UTC(2026, 0, 1, 0, 0, 7);
  const out: unknown[] = [];
  const flow = new Dataflow("frozen");
  flow
    .input("in", testSource([["a", 1], new PAUSE(30), ["a", 2]] as [string, number][]))
    .asKeyed()
    .window("count", { clock: systemClock(), windower: tumbling({ lengthMs: 1000, alignTo: 0 }) })
    .count()
    .meta.output("out", testSink(out));
  await runMain(flow, { now: () => now });
  expect(out).toEqual([["a", [now / 1000, expect.objectContaining({ openTime: now, closeTime: now + 1000 })]]]);

  let polled = 0;
  const polling = new Dataflow("polling");
  const seen: number[] = [];
  let clock = now;
  polling
    .input("in", pollingSource<number, number>({ intervalMs: 1000, getter: () => [polled++, undefined] }))
    .inspect("look", () => {
      if (polled === 3) throw new Error("enough");
    })
    .output("out", testSink(seen));
  const end = runMain(polling, { now: () => clock });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(polled).toBe(1);
  clock += 1000;
  await expect.poll(() => polled).toBe(2);
  clock += 1000;
  await expect(end).rejects.toThrow("enough");
});

test("dynamic sources have one reader per worker", async () => {
  const source: DynamicSource<string> = {
    kind: "dynamic",
    build(index, count) {
      const batches = [[`${index} of ${count}`]];
      return { nextBatch: () => batches.shift() ?? null };
    },
  };
  const out: string[] = [];
  const flow = new Dataflow("dynamic");
  flow.input("in", source).output("out", testSink(out));
  await runMain(flow, { workers: 3 });
  expect(out.toSorted()).toEqual(["0 of 3", "1 of 3", "2 of 3"]);
});

test.each([
  [{ workers: 0 }, "workers"],
  [{ workers: 1.5 }, "workers"],
  [{ epochMs: -1 }, "epochMs"],
  [{ epochMs: Number.NaN }, "epochMs"],
  [{ recovery: { store: "file:///tmp/x", partitions: 0 } }, "partitions"],
  [{ recovery: { store: "file:///tmp/x", retain: 0 } }, "retain"],
  [{ recovery: { store: "file:///tmp/x", snapshotMs: -5 } }, "snapshotMs"],
  [{ recovery: { store: "file:///tmp/x", fromEpoch: 0.5 } }, "fromEpoch"],
])("refuses %j", async (options, name) => {
  await expect(runMain(sums([1], []).flow, options)).rejects.toMatchObject({
    code: "WEIR_FLOW_OPTION",
    message: expect.stringContaining(name),
  });
});

test("refuses what is no flow, a flow without input, and an unknown store, before it starts", async () => {
  await expect(runMain({} as Dataflow)).rejects.toMatchObject({ code: "WEIR_FLOW_OPTION" });
  await expect(runMain(new Dataflow("empty"))).rejects.toMatchObject({ code: "WEIR_FLOW_NO_INPUT" });
  await expect(runMain(new Dataflow("empty"), durable())).rejects.toMatchObject({ code: "WEIR_FLOW_NO_INPUT" });
  expect(() => disk.manifest()).toThrow("ENOENT");
  await expect(runMain(sums([1], []).flow, { recovery: { store: "ftp://x" } })).rejects.toMatchObject({ code: "WEIR_STORE_URL" });
});

test("a store in memory serves runs that follow each other", async () => {
  const out: number[] = [];
  const { flow } = sums([1, 2, ABORT, 3], out);
  const options: RunOptions = { epochMs: 0, recovery: { store: "memory://runs", snapshotMs: 0 } };
  await runMain(flow, options);
  await runMain(flow, options);
  expect(out).toEqual([1, 3, 6]);
});
