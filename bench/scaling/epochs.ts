/** Epochs of so many milliseconds: what they cost a flow at full speed, and one that has little to do. */
import { Dataflow, type PartitionedSource } from "../../runtime/index.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { lowbias32 } from "../data/lowbias32.ts";
import { numbers } from "./numbers.ts";
import { least, processorMs, type Table } from "./table.ts";

const records = { full: 3_000_000, brief: 300_000, tiny: 10_000 };
/** Milliseconds that a flow at leisure is watched, and as long as its epoch at least. */
const watch = { full: 3_000, brief: 500, tiny: 50 };
const perSecond = 1_000;

async function run(epochMs: number, source: PartitionedSource<number, unknown>): Promise<number> {
  let seen = 0;
  const flow = new Dataflow("epochs");
  flow
    .input("numbers", source)
    .keyBy("key", (i) => `k${lowbias32(i) % 1_000}`)
    .statefulMap("count", (known: number | undefined) => [(known ?? 0) + 1, 1])
    .unkey("values")
    .output("seen", { kind: "dynamic", build: () => ({ writeBatch: (items) => void (seen += items.length) }) });
  await runMain(flow, { epochMs });
  return seen;
}

/** A number each millisecond, for so long. */
function paced(ms: number): PartitionedSource<number, number> {
  return {
    kind: "partitioned",
    listParts: () => ["0"],
    buildPart(_part, resume) {
      let next = resume ?? 0;
      const begin = performance.now();
      const due = (i: number): number => begin + (i * 1_000) / perSecond;
      const end = (ms * perSecond) / 1_000;
      return {
        nextBatch() {
          if (next >= end) return null;
          const batch: number[] = [];
          for (const now = performance.now(); next < end && due(next) <= now; next++) batch.push(next);
          return batch;
        },
        // A batch each 10 ms: what is measured are epochs, not wake-ups.
        nextAwake: () => performance.timeOrigin + due(Math.min(end, next + 10)),
        snapshot: () => next,
      };
    },
  };
}

export const epochsTable: Table = {
  name: "epochs",
  work: "a keyed count with epochs of so many milliseconds: 3 M records at full speed; then 1,000 records per second, processor time per second",
  sizes: { full: [10, 30, 100, 300, 1_000, 3_000, 10_000], brief: [10, 100, 1_000], tiny: [10, 100] },
  costs: [
    { name: "per record at full speed", unit: "ns", linear: 0, otherwise: "longer epochs keep more" },
    { name: "per second at leisure", unit: "ms", linear: 0, otherwise: "longer epochs keep more" },
  ],
  show: (ms) => (ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`),
  async measure(epochMs, scale) {
    const full = await least(2, async () => {
      const begin = processorMs();
      const seen = await run(epochMs, numbers(records[scale]));
      if (seen !== records[scale]) throw new Error(`${seen} of ${records[scale]} records came through`);
      return ((processorMs() - begin) * 1e6) / records[scale];
    });
    const ms = Math.max(watch[scale], scale === "full" ? epochMs : 0);
    const before = processorMs();
    const begin = performance.now();
    const seen = await run(epochMs, paced(ms));
    if (seen !== (ms * perSecond) / 1_000) throw new Error(`${seen} of ${ms} records came through`);
    return [full, ((processorMs() - before) * 1_000) / (performance.now() - begin)];
  },
};
