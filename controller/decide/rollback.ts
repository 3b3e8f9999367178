/** Goes back to the last stable spec when a new one is not up in time. */
import { wantRun } from "./accept.ts";
import { note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";

/** True when the run was given up for another. */
export function rolledBack(context: Context, facts: Facts): boolean {
  const { state, spec, draft } = context;
  const { run, stable } = draft.record;
  if (run?.startedAt === undefined || run.readyAt !== undefined) return false;
  const deadline = spec.upgrade.progressDeadlineSeconds * 1000;
  const late = state.now - run.startedAt >= deadline;
  if (!late) {
    soon(context);
    return false;
  }
  const why = facts.failure === undefined ? "" : `: ${facts.failure.message}`;
  const message = `not all workers were ready in ${deadline / 1000} s${why}`;
  draft.degraded.push({ reason: "ProgressDeadlineExceeded", message });
  draft.phase = "Failed";
  const possible = spec.upgrade.rollbackOnFailure && stable !== undefined && stable.hash !== run.revision.hash;
  if (!possible) return false;
  remember(draft, { failed: { hash: run.revision.hash, message } });
  wantRun(context, "Rollback", "ProgressDeadlineExceeded", stable, undefined);
  draft.phase = undefined;
  note(draft, "Warning", "RollingBack", `spec ${run.revision.hash}: ${message}; going back to ${stable.hash}`);
  return true;
}
