/**
 * Changes the number of workers of a running flow. Growing: pods first, then the topology, once the new processes stand by.
 * Shrinking: the topology first, then the pods. The truth about the topology is what the workers say (their manifest's);
 * asking for a change that has already happened does nothing, so this can be cut short at any point.
 */
import { childNames } from "../api/index.ts";
import { begin, note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import type { Operation } from "./record.ts";

const retryBase = 1000;
const retryMost = 60_000;
const attemptsBeforeHold = 6;
const hold = 300_000;

/** The number of pods that the flow should have now. */
export function rescaled(context: Context, facts: Facts): number {
  const { state, draft } = context;
  const { record } = draft;
  const topology = facts.topology ?? record.processes;
  const operation = record.operation?.kind === "Rescale" ? record.operation : undefined;
  const atWork = facts.lead?.phase === "running" || facts.lead?.phase === "rescaling";
  if (facts.topology !== undefined && atWork && record.processes !== facts.topology) remember(draft, { processes: facts.topology });

  if (record.target === topology || (operation === undefined && !mayBegin(context, facts))) {
    if (operation !== undefined && record.target === topology) finish(context, facts, operation, topology);
    // Pods above the topology stand by and are needed only while growing; the topology may also be larger than was asked for.
    return topology;
  }
  if (operation === undefined || operation.to !== record.target) {
    begin(draft, { kind: "Rescale", reason: record.targetReason, from: topology, to: record.target }, state.now);
    note(draft, "Normal", "Rescaling", `from ${topology} to ${record.target} workers, ${record.targetReason}`);
  }
  draft.phase = "Rescaling";
  soon(context);
  const replicas = Math.max(topology, record.target);
  step(context, facts, topology);
  return replicas;
}

function mayBegin({ state, draft }: Context, facts: Facts): boolean {
  return (
    draft.record.operation === undefined &&
    facts.ready &&
    facts.lead?.phase === "running" &&
    (draft.record.rescaleHoldUntil ?? 0) <= state.now
  );
}

function step(context: Context, facts: Facts, topology: number): void {
  const { state, spec, draft } = context;
  const operation = draft.record.operation!;
  const target = draft.record.target;
  if (facts.lead === undefined || facts.lead.phase === "rescaling") {
    draft.progressing = { reason: "Rescaling", message: `moving state from ${topology} to ${target} workers` };
    return;
  }
  if (facts.lead.phase !== "running") return;
  const absent = standbysMissing(facts, topology, target);
  if (absent.length > 0) {
    draft.progressing = {
      reason: "WaitingForPods",
      message: `${absent.length} of ${target - topology} new workers are not standing by yet`,
    };
    if (state.now - operation.startedAt > spec.upgrade.progressDeadlineSeconds * 1000)
      giveUp(context, topology, `${absent.length} new pods did not start in ${spec.upgrade.progressDeadlineSeconds} s`);
    return;
  }
  draft.progressing = { reason: "Rescaling", message: `asking for ${target} workers instead of ${topology}` };
  if ((operation.retryAt ?? 0) > state.now) return;
  if (operation.attempts >= attemptsBeforeHold) {
    giveUp(context, topology, `${operation.attempts} requests failed`);
    return;
  }
  const retryAt = state.now + Math.min(retryMost, retryBase * 2 ** operation.attempts);
  remember(draft, { operation: { ...operation, attempts: operation.attempts + 1, retryAt } });
  draft.actions.push({ kind: "rescale", pod: childNames.pod(state.dataflow.metadata.name, 0), processes: target });
}

function standbysMissing(facts: Facts, topology: number, target: number): number[] {
  const missing: number[] = [];
  for (let process = topology; process < target; process++)
    if (facts.workers.get(process)?.phase !== "standby") missing.push(process);
  return missing;
}

/** The autoscaler may think again; a number that a person asked for is tried again after a while. */
function giveUp(context: Context, topology: number, why: string): void {
  const { state, draft, spec } = context;
  const target = draft.record.target;
  remember(draft, { operation: undefined, rescaleHoldUntil: state.now + hold });
  if (spec.autoscaling?.enabled === true) remember(draft, { target: topology, targetReason: "RescaleFailed" });
  draft.phase = undefined;
  draft.progressing = undefined;
  note(draft, "Warning", "RescaleFailed", `from ${topology} to ${target} workers: ${why}; next attempt in ${hold / 1000} s`);
}

function finish(context: Context, facts: Facts, operation: Operation, topology: number): void {
  const { state, draft } = context;
  draft.phase = "Rescaling";
  soon(context);
  if (!facts.ready) {
    draft.progressing = { reason: "Rescaling", message: `${topology} workers are taking up their state` };
    return;
  }
  const told = facts.lead?.lastRescale;
  const ours = told !== undefined && told.to === topology && Date.parse(told.time) >= operation.startedAt - 5000;
  const stall = ours ? { stallMilliseconds: Math.round(told.stallMilliseconds) } : {};
  const from = operation.from ?? topology;
  if (from !== topology) {
    draft.lastRescale = {
      from,
      to: topology,
      time: new Date(ours ? Date.parse(told.time) : state.now).toISOString(),
      reason: operation.reason,
      ...stall,
    };
    const stalled = ours ? `, no output for ${Math.round(told.stallMilliseconds)} ms` : "";
    note(draft, "Normal", "Rescaled", `from ${from} to ${topology} workers${stalled}`);
  }
  remember(draft, { operation: undefined });
  draft.phase = undefined;
  draft.progressing = undefined;
}
