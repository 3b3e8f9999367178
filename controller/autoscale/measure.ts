/** What a window of samples says about load and capacity. */
import type { Sample } from "./sample.ts";

export interface Measurement {
  readonly workers: number;
  readonly spanMs: number;
  /** Records per second that were read, over all workers. */
  readonly rate: number;
  /** Records per second that became due: what was read, and what the lag grew by. Never negative. */
  readonly arrival: number;
  readonly lag: number;
  /** Records per second; negative while a backlog is worked off. */
  readonly lagGrowth: number;
  /** Records that a worker gets through in a second of work. Infinity when nothing was read: then nothing is known against it. */
  readonly trueRate: number;
  /** Mean busy share, 0..1. */
  readonly utilization: number;
  /** Data waited all the time, so that what was read is what could be read. */
  readonly saturated: boolean;
}

/** A backlog of this many seconds' reading means that workers never waited for data. */
const saturatedSeconds = 5;
/** How far useful time may overstate the capacity before the rate seen under saturation is believed instead. */
const overstatement = 1.15;

/** undefined until two samples stand some time apart. */
export function measure(samples: readonly Sample[]): Measurement | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  const spanMs = last.at - first.at;
  const seconds = spanMs / 1000;
  const records = last.recordsIn - first.recordsIn;
  let usefulMs = 0;
  let lowestLag = first.lag ?? 0;
  for (let i = 1; i < samples.length; i++) {
    usefulMs += Math.min(1, Math.max(0, samples[i]!.busy)) * (samples[i]!.at - samples[i - 1]!.at);
    lowestLag = Math.min(lowestLag, samples[i]!.lag ?? 0);
  }
  const utilization = usefulMs / spanMs;
  const rate = records / seconds;
  const lag = last.lag ?? 0;
  const lagGrowth = (lag - (first.lag ?? 0)) / seconds;
  const saturated = lowestLag > 0 && lowestLag >= saturatedSeconds * rate;

  const observed = rate / last.workers;
  let trueRate = records === 0 ? Infinity : observed / Math.max(utilization, 0.01);
  // Sources that wait for I/O look idle; with data always waiting, what they achieve is what they can.
  if (saturated && records > 0 && trueRate > observed * overstatement) trueRate = observed;
  return {
    workers: last.workers,
    spanMs,
    rate,
    arrival: Math.max(0, rate + lagGrowth),
    lag,
    lagGrowth,
    trueRate,
    utilization,
    saturated,
  };
}
