/**
 * `weir run --profile DIR`: a CPU profile of each worker's thread, from before its first step to the end of the run, and what its
 * steps have spent. Files are `worker-<index>.cpuprofile`, which browsers' developer tools and editors open.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { WeirError } from "../errors/index.ts";
import type { Driver, FlowWorker } from "../execution/index.ts";
import type { FlowMetrics } from "../flow/metrics.ts";
import { addSteps, stepsOf } from "./readings.ts";
import type { StepStatus } from "./status.ts";

export interface ProfileReport {
  readonly path: string;
  readonly steps: readonly StepStatus[];
  /** Seconds in which the worker was at work. */
  readonly busySeconds: number;
}
export interface Profile {
  /** Writes the file. To be called once, from the thread that started it. */
  end(): Promise<ProfileReport>;
}

/**
 * @param index the worker's, among all workers of the flow
 * @param workers the flow workers that `driver` moves now; counters of those that have left are kept
 * @throws WeirError WEIR_USAGE when the directory can't be written
 */
export async function startProfile(
  directory: string,
  index: number,
  driver: Driver,
  workers: () => readonly FlowWorker[],
): Promise<Profile> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw new WeirError("WEIR_USAGE", `--profile: ${directory} can't be made: ${String(error)}`, { cause: error });
  }
  const seen = new Set<FlowMetrics>();
  driver.add({
    step() {
      for (const worker of workers()) {
        const metrics = worker.metrics();
        if (metrics !== undefined) seen.add(metrics);
      }
      return false;
    },
    nextTime: () => undefined,
  });
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return {
    async end() {
      const { profile } = await session.post("Profiler.stop");
      session.disconnect();
      const path = join(directory, `worker-${index}.cpuprofile`);
      await writeFile(path, JSON.stringify(profile));
      return { path, steps: addSteps([...seen].map(stepsOf)), busySeconds: driver.busySeconds() };
    },
  };
}

/** Steps by the time they took, and what was spent between them, as lines for people. */
export function describeShares(reports: readonly ProfileReport[]): string {
  const busy = reports.reduce((sum, report) => sum + report.busySeconds, 0);
  const steps = addSteps(reports.map((report) => report.steps)).toSorted((a, b) => b.busySeconds - a.busySeconds);
  const between = Math.max(0, busy - steps.reduce((sum, step) => sum + step.busySeconds, 0));
  const line = (seconds: number, what: string): string =>
    `${(busy === 0 ? 0 : (100 * seconds) / busy).toFixed(1).padStart(6)} %  ${seconds.toFixed(3).padStart(9)} s  ${what}`;
  return [
    `time of ${reports.length === 1 ? "1 worker" : `${reports.length} workers`}, ${busy.toFixed(3)} s in all:`,
    ...steps.map((step) =>
      line(step.busySeconds, `${step.step} (${step.kind}), ${step.recordsIn.toLocaleString("en")} records in`),
    ),
    line(between, "between steps: progress, exchange, snapshots, the event loop"),
    ...reports.map(({ path }) => `written: ${path}`),
  ].join("\n");
}
