import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readTallies } from "../data/tally.ts";
import { freePorts } from "../../runtime/host/free-ports.ts";
import { startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { expectAnswer, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { flagsOf, flowPath } from "../run-flow.ts";

const lasting: Record<Scale, { settlingMs: number; lastsMs: number }> = {
  full: { settlingMs: 12_000, lastsMs: 15_000 },
  brief: { settlingMs: 1_000, lastsMs: 3_000 },
  tiny: { settlingMs: 100, lastsMs: 200 },
};

/** As in a pod: a process with a store, a mesh and its HTTP port open. */
async function idle(place: Place, source: "sleeping" | "asked"): Promise<Measurement> {
  const report = join(place.scratch, "tally");
  const flags = flagsOf(
    {
      params: { ...lasting[place.scale], source },
      flags: { recovery: pathToFileURL(join(place.scratch, "store")).href },
    },
    report,
  );
  const [httpPort] = await freePorts(1);
  const args = memberArguments(flowPath("idle"), flags);
  await (
    await startCluster({ processes: 1, httpPort: httpPort!, args, restart: false })
  ).finished;
  const done = readTallies(report);
  expectAnswer(
    "idle",
    { finished: Number(done.list("share").length), asked: Number(done.sum("asked") > 0) },
    { finished: 1, asked: 1 },
  );
  return { value: done.sum("share") * 100, also: { "memory MB": done.sum("rss") / 2 ** 20 } };
}

export const idleRow: Row = {
  name: "idle",
  work: "a process of a flow to which nothing comes: its share of a core, with snapshots, mesh and HTTP",
  unit: "%",
  variants: {
    "source that sleeps": (place) => idle(place, "sleeping"),
    "source that is asked": (place) => idle(place, "asked"),
  },
  goals: [
    { variant: "source that sleeps", below: 1 },
    { variant: "source that is asked", below: 1 },
    { variant: "source that sleeps", figure: "memory MB", below: 120 },
    { variant: "source that is asked", figure: "memory MB", below: 120 },
  ],
  limit:
    "Waking up, once a second or whenever a source is asked, and Node itself with the runtime's modules: about 60 MB of memory.",
};
