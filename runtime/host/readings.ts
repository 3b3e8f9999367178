import type { FlowWorker } from "../execution/index.ts";
import type { FlowMetrics } from "../flow/metrics.ts";
import type { StepStatus, WorkerReadings } from "./status.ts";

/** What workers of one thread tell of themselves. */
export async function readWorkers(workers: readonly FlowWorker[], busySeconds: number): Promise<WorkerReadings> {
  const sources: { step: string; part: string; lag?: number }[] = [];
  const steps: StepStatus[][] = [];
  let queueBytes = 0;
  for (const worker of workers) {
    for (const [step, reader] of worker.readers()) {
      // A source that cannot tell its lag now does not stop the flow, and not the status either.
      const lags = await Promise.resolve(reader.lag()).catch(() => new Map<string, number>());
      for (const [part, lag] of lags) sources.push({ step, part, lag });
    }
    const metrics = worker.metrics();
    if (metrics !== undefined) steps.push(stepsOf(metrics));
    queueBytes += worker.queuedBytes();
  }
  return { steps: addSteps(steps), sources, busySeconds, queueBytes };
}

/** The counters of now; the worker goes on with its own. */
export function stepsOf(metrics: FlowMetrics): StepStatus[] {
  return metrics.steps.map((step) => ({
    step: step.step,
    kind: step.kind,
    upstream: [...step.upstream],
    recordsIn: step.recordsIn,
    recordsOut: step.recordsOut,
    busySeconds: step.busySeconds,
    ...(step.keys === undefined ? {} : { keys: step.keys }),
  }));
}

/** Steps of several workers of one flow, added up. */
export function addSteps(lists: readonly (readonly StepStatus[])[]): StepStatus[] {
  const sums = new Map<string, StepStatus>();
  for (const step of lists.flat()) {
    const sum = sums.get(step.step);
    if (sum === undefined) {
      sums.set(step.step, { ...step });
      continue;
    }
    sum.recordsIn += step.recordsIn;
    sum.recordsOut += step.recordsOut;
    sum.busySeconds += step.busySeconds;
    if (step.keys !== undefined) sum.keys = (sum.keys ?? 0) + step.keys;
  }
  return [...sums.values()];
}

export function addReadings(all: readonly WorkerReadings[]): WorkerReadings {
  return {
    steps: addSteps(all.map((readings) => readings.steps)),
    sources: all.flatMap((readings) => readings.sources),
    busySeconds: all.reduce((sum, readings) => sum + readings.busySeconds, 0),
    queueBytes: all.reduce((sum, readings) => sum + readings.queueBytes, 0),
  };
}
