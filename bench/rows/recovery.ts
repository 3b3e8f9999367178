import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkUpdates, longestGap } from "../data/updates.ts";
import type { Measurement, Place, Row, Scale } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const sizes: Record<Scale, { keys: number; seconds: number; warmUp: number; often: number; seldom: number }> = {
  full: { keys: 100_000, seconds: 24, warmUp: 3, often: 1, seldom: 10 },
  brief: { keys: 100_000, seconds: 5, warmUp: 1, often: 0.5, seldom: 2 },
  tiny: { keys: 1_000, seconds: 0.4, warmUp: 0.1, often: 0.05, seldom: 0.2 },
};

async function recovery(place: Place, interval: number | undefined): Promise<Measurement> {
  const { keys, seconds, warmUp } = sizes[place.scale];
  const store = pathToFileURL(join(place.scratch, "store")).href;
  const flags = interval === undefined ? {} : { recovery: store, snapshotInterval: String(interval) };
  const done = await runFlow("updates", place, { params: { keys, fast: 1e12, seconds }, flags });
  const records = checkUpdates(done, keys);
  const from = done.begin + warmUp * 1_000;
  return {
    value: records / seconds,
    also: { "longest pause ms": longestGap(done.list("buckets"), from, done.begin + seconds * 1_000 - 20) },
  };
}

export const recoveryRow: Row = {
  name: "recovery",
  work: "counts of 100,000 keys as fast as may be, all of which change between two snapshots to a file store",
  unit: "records/s",
  variants: {
    "no recovery": (place) => recovery(place, undefined),
    "each 10 s": (place) => recovery(place, sizes[place.scale].seldom),
    "each 1 s": (place) => recovery(place, sizes[place.scale].often),
  },
  goals: [
    { variant: "each 10 s", of: "no recovery", atLeast: 0.9 },
    { variant: "each 1 s", of: "no recovery", atLeast: 0.75 },
    { variant: "each 10 s", figure: "longest pause ms", below: 50 },
    { variant: "each 1 s", figure: "longest pause ms", below: 50 },
  ],
  limit:
    "Remembering which keys have changed, and encoding each of them once per snapshot, a few milliseconds at a time; packing and writing happen in a thread that takes the other core.",
};
