/**
 * Brings the pods of a run to an end: with a drain (a snapshot after which nothing is repeated) where there is something to
 * drain, else by SIGTERM. A drain saves work but correctness does not hang on it: the next run goes on from the newest
 * snapshot either way.
 */
import { childNames } from "../api/index.ts";
import { note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";
import { forceStuckPods } from "./health.ts";

/** True when no pod is left. */
export function stopped(context: Context, facts: Facts, options: { drain: boolean }): boolean {
  const { state, draft } = context;
  const { statefulSet, pods } = state;
  const asked = statefulSet === undefined || statefulSet.replicas === 0;
  if (asked && pods.length === 0) return true;
  soon(context);
  if (asked) {
    forceStuckPods(context);
    return false;
  }
  if (options.drain && mayDrain(context, facts)) return false;
  draft.actions.push({ kind: "scale", replicas: 0 });
  return false;
}

/** Asks for a drain, or waits for one that is under way; false when there is nothing more to wait for. */
function mayDrain(context: Context, facts: Facts): boolean {
  const { state, draft } = context;
  const { operation } = draft.record;
  const revision = draft.record.stable ?? draft.record.run?.revision;
  if (operation === undefined || revision?.store === undefined || facts.lead === undefined) return false;
  if (state.now - operation.startedAt > state.settings.drainDeadline) {
    note(draft, "Warning", "DrainTooSlow", `no snapshot in ${state.settings.drainDeadline / 1000} s; the workers leave by SIGTERM`);
    return false;
  }
  if (facts.lead.phase === "draining" || facts.lead.phase === "rescaling") return true;
  if (facts.lead.phase !== "running" || operation.attempts >= state.settings.drainAttempts) return false;
  remember(draft, { operation: { ...operation, attempts: operation.attempts + 1 } });
  draft.actions.push({ kind: "drain", pod: childNames.pod(state.dataflow.metadata.name, 0) });
  // Only reached when the drain has answered: the pods then go before their containers can start again.
  draft.actions.push({ kind: "scale", replicas: 0 });
  return true;
}
