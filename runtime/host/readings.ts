import type { FlowWorker } from "../execution/index.ts";
import type { FlowMetrics } from "../flow/metrics.ts";
import type { SourceReader } from "../flow/runtime.ts";
import type { SourceStatus, StepStatus, WorkerReadings } from "./status.ts";

/** Milliseconds in which the parts of a source have to say their lag, or it is not told. */
const lagWithinMs = 1_000;

/** What workers of one thread tell of themselves. */
export async function readWorkers(workers: readonly FlowWorker[], busySeconds: number): Promise<WorkerReadings> {
  const sources: SourceStatus[] = [];
  const steps: StepStatus[][] = [];
  let queueBytes = 0;
  for (const worker of workers) {
    for (const [step, reader] of worker.readers()) {
      const lags = await lagsOf(reader);
      const troubles = reader.troubles();
      for (const part of new Set([...lags.keys(), ...troubles.keys()])) {
        const [lag, trouble] = [lags.get(part), troubles.get(part)];
        sources.push({ step, part, ...(lag === undefined ? {} : { lag }), ...(trouble === undefined ? {} : { trouble }) });
      }
    }
    const metrics = worker.metrics();
    if (metrics !== undefined) steps.push(stepsOf(metrics));
    queueBytes += worker.queuedBytes();
  }
  return { steps: addSteps(steps), sources, busySeconds, queueBytes };
}

async function lagsOf(reader: SourceReader): Promise<ReadonlyMap<string, number>> {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lagWithinMs);
  try {
    return await reader.lag(enough);
  } finally {
    clearTimeout(timer);
  }
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
