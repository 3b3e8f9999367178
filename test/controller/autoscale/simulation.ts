/** A flow as a bucket: records arrive, workers take them out as fast as they can, rescaling stops everything for a moment. */
import {
  advise,
  noMemory,
  type Advice,
  type AutoscaleMemory,
  type Policy,
  type Sample,
} from "../../../controller/autoscale/index.ts";

export interface Simulated {
  /** Records per second at a time in seconds. */
  readonly arrival: (second: number) => number;
  /** Records per second that a worker gets through. */
  readonly perWorker: (workers: number) => number;
  readonly workers: number;
  readonly seconds: number;
  readonly lag?: number;
  readonly rescaleSeconds?: number;
  /** The busy share that workers report, of what it is. */
  readonly reported?: (busy: number) => number;
  /** Source of small errors in the readings, -1..1. */
  readonly noise?: () => number;
}

export interface Change {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly reason: Advice["reason"];
}

export interface Outcome {
  readonly changes: Change[];
  readonly workers: number;
  readonly lag: number;
  readonly highestLag: number;
  readonly ineffective: number;
}

export const standardPolicy: Policy = {
  minWorkers: 1,
  maxWorkers: 10,
  targetUtilization: 0.8,
  catchUpSeconds: 60,
  maxLag: undefined,
  intervalMs: 15_000,
  scaleDownWindowMs: 300_000,
  partitionLimit: 128,
  sourcePartLimit: undefined,
};

export function simulate(simulated: Simulated, policy: Policy = standardPolicy): Outcome {
  const { arrival, perWorker, rescaleSeconds = 2 } = simulated;
  let { workers, lag = 0 } = simulated;
  let memory: AutoscaleMemory = noMemory;
  let recordsIn = 0;
  let highestLag = lag;
  let busySince = 0;
  let execution = 1;
  let stalledUntil = 0;
  let ineffective = 0;
  const changes: Change[] = [];
  const step = 0.5;
  const poll = 2;
  for (let second = 0; second < simulated.seconds; second += step) {
    lag += arrival(second) * step;
    const stalled = second < stalledUntil;
    const capacity = stalled ? 0 : workers * perWorker(workers) * step;
    const done = Math.min(lag, capacity);
    lag -= done;
    recordsIn += done;
    busySince += capacity === 0 ? 0 : done / capacity / (poll / step);
    highestLag = Math.max(highestLag, lag);
    if ((second + step) % poll !== 0) continue;
    const busy = Math.min(1, Math.max(0, (simulated.reported?.(busySince) ?? busySince) * (1 + 0.02 * (simulated.noise?.() ?? 0))));
    busySince = 0;
    const now = 1e9 + second * 1000;
    const sample: Sample | undefined = stalled ? undefined : { at: now, execution, workers, recordsIn, busy, lag: Math.round(lag) };
    const advice = advise(policy, memory, sample, workers, now);
    memory = advice.memory;
    if (advice.ineffective) ineffective++;
    if (advice.workers === workers) continue;
    changes.push({ at: second, from: workers, to: advice.workers, reason: advice.reason });
    workers = advice.workers;
    execution++;
    stalledUntil = second + rescaleSeconds;
  }
  return { changes, workers, lag, highestLag, ineffective };
}
