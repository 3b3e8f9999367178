/** The wanted run is deployed: wait for it to be ready, see it complete, rescale it, help it when it is unwell. */
import { wantRun } from "./accept.ts";
import { note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { forceStuckPods, forgetUnhealthy, restartUnhealthy } from "./health.ts";
import { runId, type OperationKind } from "./record.ts";
import { rescaled } from "./rescale.ts";
import { rolledBack } from "./rollback.ts";
import { autoscale } from "./target.ts";

/** False when the run is over: complete, or given up for another. */
export function keptRunning(context: Context, facts: Facts): boolean {
  const { state, draft } = context;
  const run = draft.record.run!;
  if (facts.completed) {
    remember(draft, {
      completed: { run: runId(run), at: state.now, processes: facts.topology! },
      stable: run.revision,
      operation: undefined,
    });
    note(draft, "Normal", "Completed", `all input was read; ${facts.topology} workers are done`);
    return false;
  }
  if (facts.ready) becomeReady(context, facts);
  else if (rolledBack(context, facts)) return false;
  if (restoreDone(context, facts)) return false;
  autoscale(context, facts);
  removeForeignPods(context, facts);
  const replicas = run.revision.store === undefined ? draft.record.processes : podsNeeded(context, facts);
  draft.actions.push({ kind: "applyRun", run: draft.record.run!, replicas, processes: draft.record.processes });
  forceStuckPods(context);
  restartUnhealthy(context, facts);
  forgetUnhealthy(context, facts);
  if (!facts.ready) soon(context);
  return true;
}

/** Before the first readiness the store's manifest may name more processes than were asked for: they must all be there. */
function podsNeeded(context: Context, facts: Facts): number {
  const { draft } = context;
  if (draft.record.run!.readyAt === undefined) return Math.max(draft.record.processes, facts.topology ?? 0);
  return rescaled(context, facts);
}

const becameReady: Record<OperationKind, { reason: string; message: string }> = {
  Start: { reason: "Started", message: "all workers are ready" },
  Upgrade: { reason: "Upgraded", message: "all workers of the new spec are ready" },
  Rollback: { reason: "RolledBack", message: "all workers of the last stable spec are ready" },
  Restart: { reason: "Restarted", message: "all workers are ready again" },
  Restore: { reason: "Restored", message: "all workers are ready, from the snapshot asked for" },
  Resume: { reason: "Resumed", message: "all workers are ready again" },
  Suspend: { reason: "Resumed", message: "all workers are ready again" },
  Rescale: { reason: "Rescaled", message: "all workers are ready" },
};

function becomeReady({ state, draft }: Context, facts: Facts): void {
  const run = draft.record.run!;
  if (run.readyAt !== undefined) return;
  remember(draft, { run: { ...run, readyAt: state.now }, stable: run.revision, processes: facts.topology! });
  const { operation } = draft.record;
  if (operation === undefined) return;
  const { reason, message } = becameReady[operation.kind];
  note(draft, "Normal", reason, `${message} (${facts.topology} workers, execution ${facts.lead!.execution})`);
  if (operation.kind === "Rescale") {
    const from = operation.from ?? facts.topology!;
    draft.lastRescale = { from, to: facts.topology!, time: new Date(state.now).toISOString(), reason: operation.reason };
  }
  remember(draft, { operation: undefined });
}

/**
 * A container that starts again goes back to the snapshot that its environment names. That is right until a newer one is
 * committed, and loses work after it; so then the pods are replaced by others without it.
 */
function restoreDone(context: Context, facts: Facts): boolean {
  const { draft } = context;
  const { run } = draft.record;
  if (run?.restore === undefined || run.readyAt === undefined || facts.lead?.lastSnapshot === undefined) return false;
  const { epoch, time } = facts.lead.lastSnapshot;
  if (epoch <= run.restore.epoch || Date.parse(time) < run.startedAt!) return false;
  wantRun(context, "Restart", "RestoreDone", run.revision, undefined);
  note(
    draft,
    "Normal",
    "Restarting",
    `the snapshot of epoch ${epoch} is newer than the restored one; the pods are replaced by such that go on from it`,
  );
  return true;
}

function removeForeignPods({ state, draft }: Context, facts: Facts): void {
  for (const pod of state.pods) {
    if (pod.run === facts.deployed || pod.deletingSince !== undefined) continue;
    draft.actions.push({ kind: "deletePod", pod: pod.name, uid: pod.uid, force: false });
  }
}
