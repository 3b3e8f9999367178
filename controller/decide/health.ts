/** Helps flows that do not get well by themselves. Lost workers are the StatefulSet's business and crashing ones the kubelet's. */
import { note, remember, soon, type Context } from "./draft.ts";
import type { Facts } from "./facts.ts";

/** Time beyond a pod's grace before it is taken for stuck. */
const stuckAfter = 60_000;
const longestBackoff = 1_800_000;

/**
 * A pod whose node went away is never reported gone, and the StatefulSet makes no other before it is. Removing it by force
 * is safe for state: two executions can't both commit.
 */
export function forceStuckPods(context: Context): void {
  const { state, draft } = context;
  for (const pod of state.pods) {
    if (pod.deletingSince === undefined || state.now - pod.deletingSince < stuckAfter) continue;
    draft.actions.push({ kind: "deletePod", pod: pod.name, uid: pod.uid, force: true });
    note(draft, "Warning", "PodStuck", `pod ${pod.name} did not end in time (node ${pod.node ?? "none"}); removed by force`);
  }
}

/** Restarts, with backoff, a flow that was ready and is not for long, although its pods run. */
export function restartUnhealthy(context: Context, facts: Facts): void {
  const { state, draft } = context;
  const { run, unhealthy, operation } = draft.record;
  if (run?.readyAt === undefined || facts.ready || (operation !== undefined && operation.kind !== "Rescale")) return;
  const ready = state.dataflow.status?.conditions?.find((condition) => condition.type === "Ready");
  if (ready === undefined || ready.status === "True") return;
  const since = Math.max(Date.parse(ready.lastTransitionTime), unhealthy?.lastAt ?? 0);
  const patience = Math.min(longestBackoff, state.settings.unhealthyAfter * 2 ** Math.min(unhealthy?.restarts ?? 0, 10));
  if (state.now - since < patience) {
    soon(context);
    return;
  }
  const started = [...facts.pods.values()].filter(
    (pod) => pod.phase === "Running" && pod.deletingSince === undefined && pod.waiting === undefined,
  );
  // While one is on its way (kept back by the kubelet after its deaths, say) the others can do nothing but wait for it.
  const ordinals = new Set(started.map((pod) => pod.ordinal));
  for (let process = 0; process < (facts.topology ?? draft.record.processes); process++) {
    if (ordinals.has(process)) continue;
    soon(context);
    return;
  }
  // Those that are waited for by others: what does not answer or is not at work; all, when each says it is.
  const silent = started.filter((pod) => !pod.ready || facts.workers.get(pod.ordinal) === undefined);
  const chosen = silent.length > 0 ? silent : started;
  if (chosen.length === 0) return;
  for (const pod of chosen) draft.actions.push({ kind: "deletePod", pod: pod.name, uid: pod.uid, force: false });
  remember(draft, { unhealthy: { restarts: (unhealthy?.restarts ?? 0) + 1, lastAt: state.now } });
  const names = chosen.map((pod) => pod.name).join(", ");
  note(draft, "Warning", "RestartUnhealthy", `not ready for ${Math.round((state.now - since) / 1000)} s; restarting ${names}`);
}

/** A flow that has been ready for as long as a restart would wait is well again. */
export function forgetUnhealthy(context: Context, facts: Facts): void {
  const { state, draft } = context;
  const { unhealthy } = draft.record;
  if (unhealthy !== undefined && facts.ready && state.now - unhealthy.lastAt > 2 * state.settings.unhealthyAfter)
    remember(draft, { unhealthy: undefined });
}
