import { expect, test } from "vitest";
import { createFlowWorker, type FlowWorker } from "../../runtime/execution/index.ts";
import { Dataflow, type SourcePart, type SourceReader } from "../../runtime/flow/index.ts";
import { readWorkers } from "../../runtime/host/readings.ts";
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";

const never = () => new Promise<never>(() => undefined);

/** A worker of a flow whose only source has these parts. */
function workerWith(parts: Record<string, Partial<SourcePart<number, number>>>): FlowWorker {
  const flow = new Dataflow("read");
  flow
    .input<number>("in", {
      kind: "partitioned",
      listParts: () => Object.keys(parts),
      buildPart: (part) => ({ nextBatch: () => [], snapshot: () => 0, ...parts[part] }),
    })
    .inspect("see", () => undefined);
  const [fabric] = createThreadFabrics(1);
  const worker = createFlowWorker({ flow, fabric: fabric!, slot: {}, now: Date.now, post: () => undefined, wake: () => undefined });
  const execution = 1;
  const sources = { in: Object.keys(parts).map((part) => [part, undefined, false] as const) };
  worker.handle({ kind: "prepare", execution, topology: { processes: 1, threads: 1 }, assignment: [0], keep: false });
  worker.handle({ kind: "begin", execution, startEpoch: 1, snapshots: false, perBatch: false, sources, sinks: {} });
  worker.step();
  return worker;
}

test("a part that does not say its lag, or not in a second, or cannot say what it waits for, keeps no other from telling, and stops nothing", async () => {
  const asked = performance.now();
  const worker = workerWith({
    well: { lag: () => 3 },
    silent: {},
    away: { lag: never, trouble: () => "503" },
    broken: { lag: () => Promise.reject(new Error("no lag")) },
    worse: {
      lag() {
        throw new Error("no lag");
      },
      trouble() {
        throw new Error("no idea");
      },
    },
    both: { lag: async () => 5, trouble: () => "cut off" },
  });
  const { sources } = await readWorkers([worker], 0);
  expect(sources.toSorted((a, b) => (a.part < b.part ? -1 : 1))).toEqual([
    { step: "in", part: "away", trouble: "503" },
    { step: "in", part: "both", lag: 5, trouble: "cut off" },
    { step: "in", part: "well", lag: 3 },
    { step: "in", part: "worse", trouble: expect.stringContaining("no idea") },
  ]);
  expect(performance.now() - asked).toBeLessThan(5_000);
  worker.handle({ kind: "stop" });
});

test("readings of several sources are put together", async () => {
  const readers: Record<string, Pick<SourceReader, "lag" | "troubles">> = {
    one: { lag: async () => new Map([["p", 3]]), troubles: () => new Map() },
    other: { lag: (enough) => enough.then(() => new Map()), troubles: () => new Map([["q", "503"]]) },
  };
  const worker = {
    readers: () => Object.entries(readers),
    metrics: () => undefined,
    queuedBytes: () => 7,
  } as unknown as FlowWorker;
  const { sources, queueBytes } = await readWorkers([worker, worker], 0);
  const each = [
    { step: "one", part: "p", lag: 3 },
    { step: "other", part: "q", trouble: "503" },
  ];
  expect(sources).toEqual([...each, ...each]);
  expect(queueBytes).toBe(14);
});
