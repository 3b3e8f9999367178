import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { readTallies } from "../data/tally.ts";
import { expectAnswer, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { flagsOf, flowPath } from "../run-flow.ts";

const seconds: Record<Scale, number> = { full: 8, brief: 3, tiny: 0.5 };

interface Trouble {
  readonly processes: number;
  readonly params: Readonly<Record<string, number>>;
  /** The last process stands still for the middle third. */
  readonly stall?: boolean;
}

async function bounded(place: Place, { processes, params, stall = false }: Trouble): Promise<Measurement> {
  const lasts = seconds[place.scale];
  const report = join(place.scratch, "tally");
  const flags = flagsOf({ params: { ...params, seconds: lasts, parts: processes } }, report);
  const cluster = await startCluster({
    processes,
    args: memberArguments(flowPath("bounded"), flags),
    env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --max-old-space-size=512` },
    restart: false,
  });
  const stalled = stall ? standStill(cluster.members.at(-1)!, (lasts * 1_000) / 3) : undefined;
  await cluster.finished;
  await stalled;
  const done = readTallies(report);
  expectAnswer("bounded", { seen: done.sum("seen") }, { seen: done.sum("emitted") });
  return { value: Math.max(...done.list("rss")), also: { "throughput records/s": done.sum("seen") / done.seconds } };
}

async function standStill(member: { kill(signal: NodeJS.Signals): boolean }, ms: number): Promise<void> {
  await sleep(ms + 500);
  member.kill("SIGSTOP");
  await sleep(ms);
  member.kill("SIGCONT");
}

export const boundedRow: Row = {
  name: "bounded",
  work: "a source that gives all it can to what cannot keep up, with 512 MB of heap: the most memory that a process took",
  unit: "MB",
  variants: {
    "slow sink": (place) => bounded(place, { processes: 1, params: { waitMs: 20 } }),
    "source ten times too fast": (place) => bounded(place, { processes: 2, params: { workMs: 0.05 } }),
    "stalled peer": (place) => bounded(place, { processes: 2, params: {}, stall: true }),
  },
  goals: [
    { variant: "slow sink", below: 600 },
    { variant: "source ten times too fast", below: 600 },
    { variant: "stalled peer", below: 600 },
  ],
  limit: "Node itself, the windows of records under way to each worker, and garbage that waits for the next collection.",
};
