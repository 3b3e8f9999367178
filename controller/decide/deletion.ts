/**
 * The end of a Dataflow: pods leave with a last snapshot, then the state goes or stays as the policy says. Every wait is
 * bounded, so that a deletion never hangs for ever; what could not be done is said in an event.
 */
import { finalizer } from "../api/index.ts";
import { note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { stopped } from "./stop.ts";

const cleanupAttempts = 3;
/** Pods that are not gone after this time are left to the garbage collector. */
const stopDeadline = 180_000;

export function remove(context: Context, facts: Facts): void {
  const { state, draft } = context;
  draft.phase = "Deleting";
  if (!state.dataflow.metadata.finalizers?.includes(finalizer)) return;
  soon(context);
  const startedAt = Date.parse(state.dataflow.metadata.deletionTimestamp!);
  const deletion = draft.record.deletion ?? { startedAt, attempts: 0 };
  if (draft.record.deletion === undefined) {
    remember(draft, { deletion, operation: { kind: "Suspend", reason: "Deleted", startedAt: state.now, attempts: 0 } });
    note(draft, "Normal", "Deleting", `deletionPolicy is ${context.spec.deletionPolicy}`);
  }
  const drain = context.spec.deletionPolicy === "Retain";
  if (!stopped(context, facts, { drain })) {
    draft.progressing = { reason: "Deleting", message: "the workers leave" };
    if (state.now - deletion.startedAt < stopDeadline) return;
    note(draft, "Warning", "PodsNotGone", `${state.pods.length} pods are not gone after ${stopDeadline / 1000} s`);
  }
  if (context.spec.deletionPolicy === "Delete" && storesOf(context).length > 0 && !stateGone(context)) return;
  if (state.cleanup.phase !== "absent") draft.actions.push({ kind: "deleteCleanup" });
  draft.actions.push({ kind: "removeFinalizer" });
}

/** Where the record went first (with its namespace), the spec still says where the state is. */
function storesOf({ state, spec, draft }: Context): readonly string[] {
  if (draft.record.stores.length > 0) return draft.record.stores;
  const ran = state.dataflow.status?.stableSpecHash !== undefined;
  return ran && spec.recovery !== undefined ? [spec.recovery.store] : [];
}

/** True when there is nothing more to do about the state: it is gone, or it was tried long enough. */
function stateGone(context: Context): boolean {
  const { state, draft } = context;
  const deletion = draft.record.deletion!;
  const stores = storesOf(context);
  const since = deletion.cleanupStartedAt ?? state.now;
  draft.progressing = { reason: "DeletingState", message: `deleting ${stores.join(", ")}` };
  if (state.cleanup.phase === "succeeded") {
    note(draft, "Normal", "StateDeleted", `${stores.join(", ")} ${stores.length === 1 ? "is" : "are"} deleted`);
    return true;
  }
  const late = state.now - since >= state.settings.cleanupDeadline;
  const spent = state.cleanup.phase === "failed" && deletion.attempts >= cleanupAttempts;
  const impossible = state.applyError !== undefined && state.cleanup.phase === "absent" && deletion.attempts >= cleanupAttempts;
  if (late || spent || impossible || draft.record.run === undefined) {
    const lost = draft.record.run === undefined ? "how its pods were made is not known any more" : "";
    const why = state.cleanup.message || state.applyError || lost || `not done in ${state.settings.cleanupDeadline / 1000} s`;
    note(draft, "Warning", "StateNotDeleted", `${stores.join(", ")} must be deleted by hand (weir snapshot delete): ${why}`);
    return true;
  }
  if (state.cleanup.phase === "failed") {
    draft.actions.push({ kind: "deleteCleanup" });
    remember(draft, { deletion: { ...deletion, retryAt: state.now + 500 * 2 ** deletion.attempts } });
  } else if (state.cleanup.phase === "absent" && (deletion.retryAt ?? 0) <= state.now) {
    remember(draft, {
      deletion: {
        ...deletion,
        attempts: deletion.attempts + 1,
        cleanupStartedAt: since,
        retryAt: state.now + 500 * 2 ** deletion.attempts,
      },
    });
    draft.actions.push({ kind: "startCleanup", run: draft.record.run, stores });
  }
  return false;
}
