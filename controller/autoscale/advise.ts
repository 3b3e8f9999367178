/**
 * The autoscaler's loop body: takes a reading, remembers what it needs, and says how many workers there should be. Up at once
 * when the lag will not be worked off in time; up for utilization alone only when it lasts; down only to the highest
 * recommendation of a window, and never while a backlog is worked off.
 */
import { measure, type Measurement } from "./measure.ts";
import { requiredWorkers } from "./required.ts";
import { withSample, type Sample } from "./sample.ts";

export interface Policy {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** 0..1. */
  readonly targetUtilization: number;
  readonly catchUpSeconds: number;
  readonly maxLag: number | undefined;
  readonly intervalMs: number;
  readonly scaleDownWindowMs: number;
  /** Most workers among which state and input can be divided; undefined = no such limit. */
  readonly partitionLimit: number | undefined;
  readonly sourcePartLimit: number | undefined;
}

export interface AutoscaleMemory {
  readonly samples: readonly Sample[];
  readonly recommendations: readonly { readonly at: number; readonly workers: number }[];
  readonly decidedAt: number | undefined;
  /** Decisions in a row that found utilization too high. */
  readonly busyDecisions: number;
  /** The last growth, until it is judged. */
  readonly growth: { readonly at: number; readonly from: number; readonly to: number; readonly rate: number } | undefined;
  /** No growth before this time: the last one did not help. */
  readonly holdUntil: number | undefined;
}

export const noMemory: AutoscaleMemory = {
  samples: [],
  recommendations: [],
  decidedAt: undefined,
  busyDecisions: 0,
  growth: undefined,
  holdUntil: undefined,
};

export interface Advice {
  readonly memory: AutoscaleMemory;
  readonly workers: number;
  readonly reason: "LagTooHigh" | "UtilizationTooHigh" | "UtilizationTooLow" | "OutOfBounds" | "Steady";
  readonly message: string;
  /** The last growth did not raise throughput; said once. */
  readonly ineffective: boolean;
  readonly measured: Measurement | undefined;
}

/** Utilization above the target that is borne, and decisions for which more than that must last. */
const utilizationSlack = 0.1;
const busyDecisionsNeeded = 3;
/** A growth must bring this share of the throughput it promised. */
const effectiveShare = 0.1;
/** A backlog of more than so many seconds' reading forbids shrinking. */
const backlogSeconds = 3;
const holdDecisions = 20;

/**
 * `sample` undefined = the flow is rescaling or not ready: nothing is learnt and nothing advised.
 * The advice never leaves [minWorkers, maxWorkers].
 */
export function advise(policy: Policy, memory: AutoscaleMemory, sample: Sample | undefined, current: number, now: number): Advice {
  const bounded = clamp(current, policy.minWorkers, policy.maxWorkers);
  if (sample === undefined) {
    const quiet = { ...memory, samples: [], busyDecisions: 0 };
    return {
      memory: quiet,
      workers: bounded,
      reason: bounded === current ? "Steady" : "OutOfBounds",
      message: "",
      ineffective: false,
      measured: undefined,
    };
  }
  const windowMs = Math.max(2 * policy.intervalMs, 4000);
  const samples = withSample(memory.samples, sample, windowMs);
  const measured = measure(samples);
  const kept: AutoscaleMemory = { ...memory, samples };
  const steady = (next: AutoscaleMemory, message: string): Advice => ({
    memory: next,
    workers: bounded,
    reason: bounded === current ? "Steady" : "OutOfBounds",
    message: bounded === current ? message : `${current} workers are outside ${policy.minWorkers} to ${policy.maxWorkers}`,
    ineffective: false,
    measured,
  });
  if (bounded !== current) return steady(kept, "");
  if (measured === undefined || measured.spanMs < 0.9 * policy.intervalMs) return steady(kept, "too few samples yet");
  if (memory.decidedAt !== undefined && now - memory.decidedAt < 0.9 * policy.intervalMs) return steady(kept, "");

  const required = requiredWorkers(measured, policy.targetUtilization, policy.catchUpSeconds);
  const recommendations = remember(memory.recommendations, { at: now, workers: required }, now - policy.scaleDownWindowMs);
  const highUtilization = measured.utilization > Math.min(policy.targetUtilization + utilizationSlack, 0.99) && required > current;
  const judged = judge(kept, measured, now, policy);
  const next: AutoscaleMemory = {
    ...judged.memory,
    recommendations,
    decidedAt: now,
    busyDecisions: highUtilization ? memory.busyDecisions + 1 : 0,
  };
  const change = (workers: number, reason: Advice["reason"], message: string): Advice => ({
    memory: {
      ...next,
      busyDecisions: 0,
      growth: workers > current ? { at: now, from: current, to: workers, rate: measured.rate } : undefined,
    },
    workers,
    reason,
    message,
    ineffective: judged.ineffective,
    measured,
  });

  const upTo = upperBound(policy, current);
  const late = measured.arrival + measured.lag / policy.catchUpSeconds > current * measured.trueRate * (1 + 1e-6);
  const drainSeconds = measured.lagGrowth < 0 ? measured.lag / -measured.lagGrowth : Infinity;
  const tooMuch = policy.maxLag !== undefined && measured.lag > policy.maxLag && drainSeconds > policy.catchUpSeconds;
  const wanted = clamp(tooMuch ? Math.max(required, current + 1) : required, policy.minWorkers, upTo);
  if (wanted > current && !(judged.memory.holdUntil !== undefined && now < judged.memory.holdUntil)) {
    const load = `${round(measured.arrival)} records/s arrive, ${round(measured.lag)} wait, a worker does ${round(measured.trueRate)} records/s`;
    if (late || tooMuch) return change(wanted, "LagTooHigh", load);
    if (next.busyDecisions >= busyDecisionsNeeded) return change(wanted, "UtilizationTooHigh", load);
  }
  if (!isBacklog(measured) && now - recommendations[0]!.at >= 0.9 * policy.scaleDownWindowMs) {
    const highest = clamp(Math.max(...recommendations.map((entry) => entry.workers)), policy.minWorkers, policy.maxWorkers);
    if (highest < current)
      return change(
        highest,
        "UtilizationTooLow",
        `${highest} workers were enough for the last ${policy.scaleDownWindowMs / 1000} s`,
      );
  }
  return { ...steady(next, judged.ineffective ? "the last growth did not raise throughput" : ""), ineffective: judged.ineffective };
}

/** Whether the last growth brought the throughput that it promised; known once workers were saturated for a window after it. */
function judge(
  memory: AutoscaleMemory,
  measured: Measurement,
  now: number,
  policy: Policy,
): { memory: AutoscaleMemory; ineffective: boolean } {
  const { growth } = memory;
  if (growth === undefined || measured.workers !== growth.to || now - growth.at < policy.intervalMs)
    return { memory, ineffective: false };
  if (!measured.saturated) return { memory: { ...memory, growth: undefined }, ineffective: false };
  const promised = growth.rate * (growth.to / growth.from - 1);
  const ineffective = measured.rate - growth.rate < effectiveShare * promised;
  const holdUntil = ineffective ? now + holdDecisions * policy.intervalMs : memory.holdUntil;
  return { memory: { ...memory, growth: undefined, holdUntil }, ineffective };
}

/** Parts and partitions limit growth; that there are fewer than workers is no reason to shrink. */
function upperBound(policy: Policy, current: number): number {
  const divisible = Math.min(policy.partitionLimit ?? Infinity, policy.sourcePartLimit ?? Infinity);
  return Math.min(policy.maxWorkers, Math.max(current, divisible));
}

function isBacklog(measured: Measurement): boolean {
  return measured.lag > 0 && measured.lag > backlogSeconds * measured.rate;
}

/** One entry at or before `since` stays, so that the window is covered to its edge. */
function remember(
  recommendations: AutoscaleMemory["recommendations"],
  next: AutoscaleMemory["recommendations"][number],
  since: number,
): AutoscaleMemory["recommendations"] {
  const all = [...recommendations, next];
  let first = 0;
  while (first + 1 < all.length && all[first + 1]!.at <= since) first++;
  return all.slice(first);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function round(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value)) : "any number of";
}
