/** A running count of so many keys: each once in order, when it is new, then known keys at random. */
import { Dataflow } from "../../runtime/index.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { lowbias32 } from "../data/lowbias32.ts";
import { numbers } from "./numbers.ts";
import { plain, processorMs, type Table } from "./table.ts";

const later = { full: 3_000_000, brief: 300_000, tiny: 10_000 };
/** Fewer new keys than this are over before a clock can tell. */
const enough = 10_000;

export const keysTable: Table = {
  name: "keys",
  work: "a running count: every key once, when it is new, then records of known keys at random",
  sizes: {
    full: [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    brief: [10, 100, 1_000, 10_000, 100_000, 1_000_000],
    tiny: [10, 100],
  },
  costs: [
    {
      name: "per record",
      unit: "ns",
      linear: 0,
      otherwise: "keys no longer fit into the processor's caches; the next column is a Map alone",
    },
    { name: "per record of a bare Map", unit: "ns", linear: 0, otherwise: "the processor's caches, without Weir" },
    {
      name: "per new key",
      unit: "ns",
      linear: 0,
      otherwise: "maps that grow are copied, and the garbage collector copies what stays",
    },
    { name: "memory per key", unit: "bytes", linear: 0, otherwise: "something is kept for each key besides its entry" },
  ],
  show: plain,
  async measure(keys, scale) {
    const collect = globalThis.gc!;
    // Warms up the code, on keys that are gone afterwards.
    await count(1_000, Math.min(later[scale], 300_000), () => {});
    collect();
    const before = process.memoryUsage().heapUsed;
    let bytes = 0;
    const times = await count(keys, later[scale], () => {
      collect();
      bytes = process.memoryUsage().heapUsed - before;
    });
    return [
      (times.later * 1e6) / later[scale],
      inMap(keys, later[scale]),
      keys < enough ? undefined : (times.first * 1e6) / keys,
      keys < enough ? undefined : bytes / keys,
    ];
  },
};

/** Nanoseconds per record of known keys, as a loop with one Map takes. */
function inMap(keys: number, more: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i < keys; i++) counts.set(`k${i}`, 1);
  const begin = processorMs();
  for (let i = 0; i < more; i++) {
    const key = `k${lowbias32(i + keys) % keys}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const took = processorMs() - begin;
  if (counts.size !== keys) throw new Error(`${counts.size} keys in a Map of ${keys}`);
  return (took * 1e6) / more;
}

/** Milliseconds of both passes, without `between`. */
async function count(keys: number, more: number, between: () => void): Promise<{ first: number; later: number }> {
  const begin = processorMs();
  let middle = 0;
  let resumed = 0;
  let seen = 0;
  let sum = 0;
  const flow = new Dataflow("keys");
  flow
    .input("numbers", numbers(keys + more))
    .keyBy("key", (i) => `k${i < keys ? i : lowbias32(i) % keys}`)
    .statefulMap("count", (known: number | undefined) => [(known ?? 0) + 1, known ?? 0])
    .unkey("values")
    .output("seen", {
      kind: "dynamic",
      build: () => ({
        writeBatch(items) {
          seen += items.length;
          for (let i = 0; i < items.length; i++) if (items[i]! > 0) sum++;
          if (middle !== 0 || seen < keys) return;
          middle = processorMs();
          between();
          resumed = processorMs();
        },
      }),
    });
  await runMain(flow);
  if (seen !== keys + more || sum !== more) throw new Error(`${seen} records of ${keys} keys, ${sum} of known ones`);
  return { first: middle - begin, later: processorMs() - resumed };
}
