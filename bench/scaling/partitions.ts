/** Partitions of keys in a store: what they cost while records flow, and when the flow comes back. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Dataflow } from "../../runtime/index.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { lowbias32 } from "../data/lowbias32.ts";
import { numbers } from "./numbers.ts";
import { plain, processorMs, type Table } from "./table.ts";

const keys = { full: 100_000, brief: 20_000, tiny: 200 };
const records = { full: 2_000_000, brief: 400_000, tiny: 4_000 };

export const partitionsTable: Table = {
  name: "partitions",
  work: "a running count of 100,000 keys with a file store: 2 M records and the snapshot at the end, then from the start of a second run to its first output",
  sizes: { full: [1, 4, 16, 64, 256, 1_024], brief: [1, 4, 16, 64, 256, 1_024], tiny: [1, 16] },
  costs: [
    {
      name: "per record",
      unit: "ns",
      linear: 0,
      otherwise: "each partition has a map of its own, and many maps hold a key's neighbours apart",
    },
    { name: "resume", unit: "ms", linear: 0, otherwise: "each partition is asked for by itself when state is loaded" },
  ],
  show: plain,
  async measure(partitions, scale, scratch) {
    const store = pathToFileURL(join(scratch, "store")).href;
    const run = async (name: string, from: number, until: number): Promise<{ first: number; all: number }> => {
      const begin = performance.now();
      const work = processorMs();
      let first = 0;
      let seen = 0;
      let fresh = 0;
      const flow = new Dataflow("partitions");
      flow
        .input("numbers", numbers(until))
        .keyBy("key", (i) => `k${lowbias32(i) % keys[scale]}`)
        .statefulMap("count", (known: number | undefined) => [(known ?? 0) + 1, known === undefined ? 1 : 0])
        .unkey("values")
        .output("seen", {
          kind: "dynamic",
          build: () => ({
            writeBatch(items) {
              if (first === 0) first = performance.now() - begin;
              seen += items.length;
              for (const item of items) fresh += item;
            },
          }),
        });
      await runMain(flow, { recovery: { store: `${store}-${name}`, partitions, snapshotMs: 86_400_000 } });
      if (seen !== until - from || fresh > (from === 0 ? keys[scale] : 0)) throw new Error(`${seen} records, ${fresh} of new keys`);
      return { first, all: processorMs() - work };
    };
    const most = records[scale];
    await run("warm", 0, most / 4);
    const { all } = await run("measured", 0, most);
    const { first } = await run("measured", most, most + 1_000);
    return [(all * 1e6) / most, first];
  },
};
