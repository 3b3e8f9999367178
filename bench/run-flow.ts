/** Runs a flow of `flows/` as `weir run` would, on this process's workers or on several processes, and reads what it left behind. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCluster } from "../runtime/host/cluster.ts";
import { runMember } from "../runtime/host/run-member.ts";
import { memberArguments } from "../runtime/host/run.ts";
import { readSettings, type RunFlags } from "../runtime/host/settings.ts";
import { readTallies, type Tallied } from "./data/tally.ts";
import type { Place } from "./row.ts";

export interface FlowRun {
  /** Worker threads per process. */
  readonly threads?: number;
  readonly processes?: number;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly flags?: RunFlags;
}

/** `weir run` takes these for a flow of `flows/`. */
export const flowPath = (name: string): string => fileURLToPath(new URL(`./flows/${name}.ts`, import.meta.url));

export const flagsOf = (run: FlowRun, report: string): RunFlags => ({
  ...run.flags,
  workers: String(run.threads ?? 1),
  param: Object.entries({ ...run.params, report }).map(([name, value]) => `${name}=${value}`),
});

export async function runFlow(name: string, place: Place, run: FlowRun): Promise<Tallied> {
  const report = mkdtempSync(join(place.scratch, "tally-"));
  const flags = flagsOf(run, report);
  if ((run.processes ?? 1) === 1) await runMember(readSettings(flowPath(name), flags, {}));
  else
    await (
      await startCluster({ processes: run.processes!, args: memberArguments(flowPath(name), flags), restart: false })
    ).finished;
  return readTallies(report);
}
