/** Brings what is deployed to what is wanted: stopped, or the wanted run with its number of pods. */
import { wantRun } from "./accept.ts";
import { begin, note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { runId } from "./record.ts";
import { keptRunning } from "./steady.ts";
import { stopped } from "./stop.ts";

export function bringAbout(context: Context, facts: Facts): void {
  const { state, spec, draft } = context;
  if (draft.record.run === undefined) return;
  if (isCompleted(context)) return complete(context, facts);
  if (spec.state === "Suspended") return suspend(context, facts);
  restartForWorkers(context);
  const deployed = facts.deployed === runId(draft.record.run) && state.statefulSet !== undefined && !state.statefulSet.deleting;
  if (deployed && draft.record.run.startedAt !== undefined) {
    resume(context);
    if (keptRunning(context, facts)) return;
    soon(context);
    if (isCompleted(context)) complete(context, facts);
    else replace(context, facts);
    return;
  }
  replace(context, facts);
}

function isCompleted({ draft }: Context): boolean {
  const { run, completed } = draft.record;
  return run !== undefined && completed?.run === runId(run);
}

function complete(context: Context, facts: Facts): void {
  stopped(context, facts, { drain: false });
  context.draft.phase = "Completed";
}

function suspend(context: Context, facts: Facts): void {
  const { state, draft } = context;
  if (draft.record.operation?.kind !== "Suspend" && state.pods.length > 0) {
    begin(draft, { kind: "Suspend", reason: "StateSuspended" }, state.now);
    note(draft, "Normal", "Suspending", "taking a snapshot and removing the pods");
  }
  if (!stopped(context, facts, { drain: true })) {
    draft.progressing = { reason: "Suspending", message: "a snapshot is taken and the pods leave" };
    return;
  }
  const { operation } = draft.record;
  if (operation?.kind === "Suspend") note(draft, "Normal", "Suspended", "no pods are left; the state is in the store");
  if (operation?.kind === "Suspend" || operation?.kind === "Rescale") remember(draft, { operation: undefined });
  const run = draft.record.run!;
  // The next start is a new attempt of the same run: its times begin anew.
  if (run.startedAt !== undefined) wantRun(context, "Resume", "StateRunning", run.revision, run.restore);
  draft.phase = "Suspended";
}

/** A flow that was suspended and asked to run before its pods had left goes on as a restart. */
function resume(context: Context): void {
  const { draft } = context;
  if (draft.record.operation?.kind === "Suspend") remember(draft, { operation: undefined });
}

/** Without recovery nothing can move, so another number of workers is another run, from nothing. */
function restartForWorkers(context: Context): void {
  const { draft } = context;
  const { run, target, processes, targetReason } = draft.record;
  if (run === undefined || run.revision.store !== undefined || target === processes) return;
  wantRun(context, "Rescale", targetReason, run.revision, undefined);
  remember(draft, { processes: target, operation: { ...draft.record.operation!, from: processes, to: target } });
  note(draft, "Normal", "Rescaling", `from ${processes} to ${target} workers by a restart, as there is no recovery`);
}

function replace(context: Context, facts: Facts): void {
  const { state, draft } = context;
  if (state.statefulSet?.deleting === true) {
    draft.progressing = { reason: "Starting", message: "waiting for the old StatefulSet to go" };
    soon(context);
    return;
  }
  const check = {
    kind: "checkRun",
    run: draft.record.run!,
    replicas: draft.record.processes,
    processes: draft.record.processes,
  } as const;
  if (state.applyError !== undefined && (state.statefulSet?.replicas ?? 0) > 0) {
    draft.actions.push(check);
    draft.progressing = {
      reason: "ApplyFailed",
      message: `the new pods would be refused, so the old ones go on: ${state.applyError}`,
    };
    return;
  }
  const before = draft.actions.length;
  const drain = draft.record.run!.restore === undefined && context.spec.upgrade.mode !== "Stateless";
  if (!stopped(context, facts, { drain })) {
    if (draft.actions.slice(before).some((action) => action.kind === "scale")) draft.actions.splice(before, 0, check);
    draft.progressing = { reason: "Stopping", message: "the workers take a snapshot and leave" };
    return;
  }
  const run = { ...draft.record.run!, startedAt: state.now };
  remember(draft, { run });
  draft.actions.push({ kind: "applyRun", run, replicas: draft.record.processes, processes: draft.record.processes });
  draft.progressing = { reason: "Starting", message: `starting ${draft.record.processes} workers` };
  soon(context);
}
