/** What is said to the outside: the phase, the conditions and the numbers, from the facts and from what the rules found. */
import { selector, type Condition, type DataflowStatus, type Phase } from "../api/index.ts";
import { condition, type Verdict } from "./conditions.ts";
import type { Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { loadOf } from "./rates.ts";
import { runId } from "./record.ts";

export function statusOf(context: Context, facts: Facts): DataflowStatus {
  const { state, draft } = context;
  const before = state.dataflow.status ?? {};
  const { metadata } = state.dataflow;
  const generation = metadata.generation ?? 1;
  const { run, stable, completed } = draft.record;
  const down = state.pods.length === 0;
  const lead = newestStatus(facts);
  const phase = phaseOf(context, facts);
  const degraded = degradedVerdict(context, facts);
  const verdicts: [string, Verdict][] = [
    ["Ready", readyVerdict(context, facts, phase, degraded)],
    ["Progressing", progressingVerdict(context, phase)],
    ["Degraded", degraded],
    ["RecoveryHealthy", recoveryVerdict(context, facts)],
  ];
  const isCompleted = completed !== undefined && run !== undefined && completed.run === runId(run);
  const snapshot = lead?.lastSnapshot ?? before.lastSnapshot;
  const rescale = draft.lastRescale ?? before.lastRescale;
  const rates = ratesOf(context, facts);
  return {
    observedGeneration: generation,
    phase,
    conditions: verdicts.map(([type, verdict]): Condition => condition(type, verdict, before.conditions, generation, state.now)),
    workers: down || isCompleted ? 0 : (facts.topology ?? Math.min(state.statefulSet?.replicas ?? 0, draft.record.processes)),
    readyWorkers: isCompleted ? 0 : facts.readyWorkers,
    selector: selector(metadata.name),
    ...defined("execution", lead?.execution || before.execution),
    ...defined("epoch", lead?.epoch ?? before.epoch),
    ...defined("lastSnapshot", snapshot === undefined ? undefined : rounded(snapshot)),
    ...defined("rates", rates),
    ...defined("lastRescale", rescale),
    ...defined("stableSpecHash", stable?.hash),
  };
}

function defined<K extends keyof DataflowStatus>(key: K, value: DataflowStatus[K] | undefined): Partial<DataflowStatus> {
  return value === undefined ? {} : { [key]: value };
}

/** Process 0's word, or that of the newest execution while it is away. */
function newestStatus(facts: Facts) {
  if (facts.lead !== undefined && facts.lead.phase !== "loading") return facts.lead;
  const known = [...facts.workers.values()].filter((status) => status.phase === "running" || status.phase === "completed");
  return known.toSorted((a, b) => b.execution - a.execution)[0];
}

function rounded(snapshot: NonNullable<DataflowStatus["lastSnapshot"]>): NonNullable<DataflowStatus["lastSnapshot"]> {
  const { epoch, time, bytes, durationMilliseconds } = snapshot;
  return { epoch: Math.round(epoch), time, bytes: Math.round(bytes), durationMilliseconds: Math.round(durationMilliseconds) };
}

function ratesOf({ state, draft }: Context, facts: Facts): DataflowStatus["rates"] {
  if (facts.workers.size === 0)
    return state.dataflow.status?.rates === undefined
      ? undefined
      : { recordsInPerSecond: 0, recordsOutPerSecond: 0, utilizationPercent: 0 };
  const load = loadOf(facts);
  // A controller that has just started knows no better than what was said before.
  const before = draft.meter.measured ? undefined : state.dataflow.status?.rates;
  return {
    recordsInPerSecond: before?.recordsInPerSecond ?? Math.round(draft.meter.input),
    recordsOutPerSecond: before?.recordsOutPerSecond ?? Math.round(draft.meter.output),
    ...(load.lag === undefined ? {} : { lag: Math.round(load.lag) }),
    utilizationPercent: Math.round(100 * Math.min(1, Math.max(0, load.busy))),
  };
}

function phaseOf({ state, draft }: Context, facts: Facts): Phase {
  if (draft.phase !== undefined) return draft.phase;
  const { run, operation } = draft.record;
  if (run === undefined) return "Pending";
  if (facts.current && facts.failure?.lasting === true) return "Failed";
  if (operation?.kind === "Upgrade") return "Upgrading";
  if (operation?.kind === "Rollback") return "RollingBack";
  if (operation?.kind === "Rescale") return "Rescaling";
  if (run.readyAt !== undefined) return "Running";
  return state.statefulSet === undefined && draft.actions.length === 0 ? "Pending" : "Starting";
}

function readyVerdict({ draft }: Context, facts: Facts, phase: Phase, degraded: Verdict): Verdict {
  if (phase === "Completed") return { status: "False", reason: "Completed", message: "all input was read; no workers run" };
  if (phase === "Suspended") return { status: "False", reason: "Suspended", message: "spec.state is Suspended" };
  if (phase === "Deleting")
    return { status: "False", reason: "Deleting", message: draft.progressing?.message ?? "the resource is being deleted" };
  // While the pods of a new spec are refused, those of the old one work on.
  if (facts.ready && (facts.current || draft.progressing?.reason === "ApplyFailed")) {
    const said = degraded.status === "True" ? `; ${degraded.message}` : "";
    return {
      status: "True",
      reason: "WorkersReady",
      message: `${facts.readyWorkers} of ${facts.topology} workers are ready${said}`,
    };
  }
  if (degraded.status === "True") return { status: "False", reason: degraded.reason, message: degraded.message };
  if (draft.waiting !== undefined) return { status: "False", ...draft.waiting };
  if (draft.progressing !== undefined) return { status: "False", ...draft.progressing };
  const total = facts.topology ?? draft.record.processes;
  return { status: "False", reason: "WorkersNotReady", message: `${facts.readyWorkers} of ${total} workers are ready` };
}

function progressingVerdict({ draft }: Context, phase: Phase): Verdict {
  if (draft.progressing !== undefined) return { status: "True", ...draft.progressing };
  const { operation } = draft.record;
  if (operation !== undefined && phase !== "Suspended" && phase !== "Completed" && phase !== "Failed")
    return {
      status: "True",
      reason: phase === "Running" ? operation.kind : phase,
      message: `${operation.kind}, ${operation.reason}`,
    };
  return { status: "False", reason: phase, message: "nothing is under way" };
}

function degradedVerdict({ draft }: Context, facts: Facts): Verdict {
  const found = draft.degraded[0];
  const { failed, run } = draft.record;
  if (facts.current && facts.failure !== undefined) {
    const late = found?.reason === "ProgressDeadlineExceeded" ? found.message : facts.failure.message;
    return { status: "True", reason: facts.failure.reason, message: late };
  }
  if (found !== undefined)
    return { status: "True", reason: found.reason, message: draft.degraded.map((finding) => finding.message).join("; ") };
  if (failed !== undefined)
    return {
      status: "True",
      reason: "RolledBack",
      message: `spec ${failed.hash} was given up, ${failed.message}; the last stable spec runs. Change the spec, or restartNonce to try it again`,
    };
  const stopping = draft.progressing !== undefined || draft.phase === "Suspended" || draft.phase === "Completed";
  if (run?.readyAt !== undefined && facts.current && !facts.ready && !stopping && draft.record.operation === undefined) {
    const gone = (facts.topology ?? draft.record.processes) - facts.readyWorkers;
    return {
      status: "True",
      reason: "WorkersLost",
      message: `${gone} of ${facts.topology ?? draft.record.processes} workers are not ready`,
    };
  }
  return { status: "False", reason: "AsExpected", message: "nothing is wrong" };
}

/** Snapshots count as overdue after three intervals, but not before half a minute. */
function recoveryVerdict({ state, draft }: Context, facts: Facts): Verdict {
  const recovery = draft.record.run?.revision.spec.recovery;
  if (recovery === undefined)
    return { status: "Unknown", reason: "NoRecovery", message: "spec.recovery is not set: a restart starts from nothing" };
  const snapshot = newestStatus(facts)?.lastSnapshot ?? state.dataflow.status?.lastSnapshot;
  const idle = draft.phase === "Suspended" || draft.phase === "Completed" || draft.phase === "Deleting" || !facts.ready;
  if (snapshot === undefined) {
    const since = draft.record.run?.readyAt;
    const late = since !== undefined && facts.ready && state.now - since > overdueAfter(recovery.snapshotIntervalSeconds);
    return late
      ? {
          status: "False",
          reason: "SnapshotsOverdue",
          message: `no snapshot since the start, ${Math.round((state.now - since) / 1000)} s ago`,
        }
      : { status: "Unknown", reason: "NoSnapshotYet", message: "no snapshot was taken yet" };
  }
  const age = state.now - Date.parse(snapshot.time);
  const readyFor = state.now - (draft.record.run?.readyAt ?? state.now);
  if (!idle && age > overdueAfter(recovery.snapshotIntervalSeconds) && readyFor > overdueAfter(recovery.snapshotIntervalSeconds))
    return {
      status: "False",
      reason: "SnapshotsOverdue",
      message: `the newest snapshot, of epoch ${snapshot.epoch}, is from ${snapshot.time}`,
    };
  return {
    status: "True",
    reason: "SnapshotsTaken",
    message: `the newest snapshot is of epoch ${snapshot.epoch}, from ${snapshot.time}`,
  };
}

function overdueAfter(intervalSeconds: number): number {
  return Math.max(30_000, 3 * intervalSeconds * 1000);
}
