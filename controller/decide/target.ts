/**
 * How many workers there should be. With autoscaling the number is the autoscaler's and spec.workers only where it starts: the
 * spec is the user's and is never written. A change of spec.workers (by hand, by /scale) is followed at once, within the bounds.
 */
import { advise, type Policy, type Sample } from "../autoscale/index.ts";
import { note, remember, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { loadOf } from "./rates.ts";

export function setTarget(context: Context): void {
  const { spec, draft } = context;
  const { record } = draft;
  const first = record.target === 0;
  const asked = record.seenWorkers !== spec.workers;
  if (!first && !asked && spec.autoscaling !== undefined) {
    const bounded = spec.autoscaling.enabled ? withinBounds(context, record.target) : record.target;
    if (bounded !== record.target) remember(draft, { target: bounded, targetReason: "OutOfBounds" });
    return;
  }
  const target = spec.autoscaling?.enabled === true ? withinBounds(context, spec.workers) : spec.workers;
  if (target !== record.target) remember(draft, { target, targetReason: "SpecChanged", rescaleHoldUntil: undefined });
  if (asked) remember(draft, { seenWorkers: spec.workers });
  if (first) remember(draft, { processes: target });
  if (asked && target !== spec.workers)
    note(draft, "Warning", "WorkersOutOfBounds", `spec.workers is ${spec.workers}; the autoscaler's bounds make it ${target}`);
}

/** Lets the autoscaler take a reading of a ready flow, and follows its advice. */
export function autoscale(context: Context, facts: Facts): void {
  const { state, spec, draft } = context;
  const { autoscaling, recovery } = spec;
  if (autoscaling === undefined || !autoscaling.enabled || recovery === undefined) return;
  const settled = facts.current && facts.ready && facts.topology === draft.record.target && draft.record.operation === undefined;
  const held = (draft.record.rescaleHoldUntil ?? 0) > state.now;
  const policy: Policy = {
    minWorkers: autoscaling.minWorkers,
    maxWorkers: autoscaling.maxWorkers,
    targetUtilization: autoscaling.targetUtilizationPercent / 100,
    catchUpSeconds: autoscaling.catchUpSeconds,
    maxLag: autoscaling.maxLag,
    intervalMs: autoscaling.intervalSeconds * 1000,
    scaleDownWindowMs: autoscaling.scaleDownWindowSeconds * 1000,
    partitionLimit: Math.max(1, Math.floor(recovery.partitions / spec.threadsPerWorker)),
    sourcePartLimit: sourceParts(facts),
  };
  const sample = settled && !held ? sampleOf(context, facts) : undefined;
  const advice = advise(policy, state.autoscale, sample, draft.record.target, state.now);
  draft.autoscale = advice.memory;
  if (advice.ineffective)
    note(
      draft,
      "Warning",
      "IneffectiveScaling",
      "more workers did not raise throughput; growth is paused. The bottleneck is elsewhere",
    );
  if (advice.workers !== draft.record.target) {
    note(
      draft,
      "Normal",
      "ScalingDecided",
      `${draft.record.target} to ${advice.workers} workers, ${advice.reason}: ${advice.message}`,
    );
    remember(draft, { target: advice.workers, targetReason: advice.reason });
  }
}

function sampleOf({ state, draft }: Context, facts: Facts): Sample {
  const recordsIn = draft.meter.totalIn;
  return { at: state.now, execution: facts.lead!.execution, workers: facts.topology!, recordsIn, ...loadOf(facts) };
}

function withinBounds({ spec }: Context, workers: number): number {
  const { minWorkers, maxWorkers } = spec.autoscaling!;
  return Math.max(minWorkers, Math.min(maxWorkers, workers));
}

/** Distinct parts that are being read; a flow with a source of which nothing is known has no such limit. */
function sourceParts(facts: Facts): number | undefined {
  const parts = new Set<string>();
  for (const status of facts.workers.values()) for (const source of status.sources) parts.add(`${source.step}/${source.part}`);
  return parts.size === 0 ? undefined : parts.size;
}
