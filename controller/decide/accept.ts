/**
 * Turns a changed spec into a wanted run: first start, upgrade, restart and restore. Only the record changes here; making
 * it true is the business of the rules that follow.
 */
import { canonicalJson } from "../api/index.ts";
import { begin, note, remember, type Context } from "./draft.ts";
import type { OperationKind, Revision, Run } from "./record.ts";
import { revisionOf } from "./revision.ts";

export function acceptSpec(context: Context): void {
  const { state, spec, draft } = context;
  const { record } = state;
  const code = state.code === undefined || "problem" in state.code ? undefined : { hash: state.code.hash, key: state.code.key };
  const revision = revisionOf(spec, code, record, state.dataflow.metadata.generation ?? 1);
  const restoreKey = spec.restoreFrom === undefined ? undefined : canonicalJson(spec.restoreFrom);
  const restore = restoreKey !== undefined && restoreKey !== record.seenRestore ? spec.restoreFrom : undefined;
  const restart = spec.restartNonce !== undefined && spec.restartNonce !== record.seenRestartNonce;
  remember(draft, {
    ...(restoreKey === undefined ? {} : { seenRestore: restoreKey }),
    ...(spec.restartNonce === undefined ? {} : { seenRestartNonce: spec.restartNonce }),
    ...(revision.store === undefined || record.stores.includes(revision.store)
      ? {}
      : { stores: [...record.stores, revision.store] }),
  });
  if (restoreKey === undefined && record.seenRestore !== undefined) remember(draft, { seenRestore: undefined });

  if (record.run === undefined) {
    const adopted = numberOfRun(state.statefulSet?.run, revision.hash);
    const started = adopted === undefined ? {} : { startedAt: state.now };
    const first = adopted === undefined && restore !== undefined ? { restore } : {};
    remember(draft, { run: { number: adopted ?? 1, revision, ...first, ...started } });
    begin(draft, { kind: "Start", reason: adopted === undefined ? "Created" : "Adopted" }, state.now);
    return;
  }
  const changed = revision.hash !== record.run.revision.hash;
  if (changed && record.failed?.hash === revision.hash && !restart) return;
  if (changed) {
    remember(draft, { failed: undefined });
    wantRun(context, "Upgrade", "SpecChanged", revision, restore);
    note(
      draft,
      "Normal",
      "Upgrading",
      `spec changed from ${record.run.revision.hash} to ${revision.hash}, mode ${spec.upgrade.mode}`,
    );
  } else if (restore !== undefined) {
    wantRun(context, "Restore", "RestoreFrom", record.run.revision, restore);
    note(
      draft,
      "Normal",
      "Restoring",
      `going back to the snapshot of epoch ${restore.epoch} of ${restore.store ?? revision.store}`,
    );
  } else if (restart) {
    wantRun(context, "Restart", "RestartNonce", record.run.revision, undefined);
    note(draft, "Normal", "Restarting", `restartNonce is now ${spec.restartNonce}`);
  }
}

/** A record that was lost is no reason to stop pods that run just what is wanted. */
function numberOfRun(id: string | undefined, hash: string): number | undefined {
  if (id === undefined || !id.startsWith(`${hash}-`)) return undefined;
  const number = Number(id.slice(hash.length + 1));
  return Number.isInteger(number) ? number : undefined;
}

/** The next run; what was under way for the one before is over. */
export function wantRun(context: Context, kind: OperationKind, reason: string, revision: Revision, restore: Run["restore"]): void {
  const { draft, state } = context;
  const number = (draft.record.run?.number ?? 0) + 1;
  remember(draft, {
    run: { number, revision, ...(restore === undefined ? {} : { restore }) },
    completed: undefined,
    unhealthy: undefined,
  });
  begin(draft, { kind, reason }, state.now);
}
