import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { instant } from "../data/tally.ts";
import { parts } from "../data/updates.ts";
import { startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { expectAnswer, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { flagsOf, flowPath } from "../run-flow.ts";
import { readTallies, type Tallied } from "../data/tally.ts";

const keysOf: Record<Scale, number> = { full: 1_000_000, brief: 100_000, tiny: 1_000 };
const more = 1_000;

/** In a process of its own: a resume starts with nothing warm. */
async function run(place: Place, name: string, until: number, keys: number): Promise<Tallied> {
  const report = join(place.scratch, name);
  const flags = flagsOf(
    { params: { keys, until, fast: until }, flags: { recovery: pathToFileURL(join(place.scratch, "store")).href } },
    report,
  );
  const cluster = await startCluster({ processes: 1, args: memberArguments(flowPath("updates"), flags), restart: false });
  await cluster.finished;
  return readTallies(report);
}

async function resume(place: Place): Promise<Measurement> {
  const keys = keysOf[place.scale];
  await run(place, "before", keys, keys);
  const start = instant();
  const done = await run(place, "after", keys + more, keys);
  let count = 0;
  let sum = 0;
  for (let part = 0; part < parts; part++) {
    count += done.sum(`count${part}`);
    sum += done.sum(`sum${part}`);
  }
  // Each of these keys had been seen once before.
  expectAnswer("resume", { count, sum }, { count: more, sum: 2 * more });
  return { value: Math.min(...done.list("first")) - start };
}

export const resumeRow: Row = {
  name: "resume",
  work: "1 M keys from a file store: from the start of the process to the first output",
  unit: "ms",
  variants: { "1 worker": resume },
  goals: [{ variant: "1 worker", below: 3_000 }],
  limit:
    "Starting Node with the runtime's modules (about 0.4 s), then fetching, unpacking and walking a million rows: they stay packed until their keys are touched.",
};
