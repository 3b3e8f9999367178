/**
 * What to do next about a StatefulSet's pods. Pure: what is, in; what to create and delete, out.
 * OrderedReady: one change at a time, each waiting for all pods before it. Parallel: all creations and removals at once; updates
 * of pods go from the last to the first in both, never more than maxUnavailable at a time.
 */
import type { Pod } from "../../client/index.ts";
import { isAvailable, isOver, isTerminating } from "../pods.ts";
import { resolveCount, type StatefulSet } from "../types.ts";

export interface Revisions {
  readonly current: string;
  readonly update: string;
}

export interface StatefulSetPlan {
  readonly create: { readonly ordinal: number; readonly revision: string }[];
  readonly delete: Pod[];
}

export const revisionLabel = "controller-revision-hash";

/** undefined: a name that is not the set's own, such as `web-x` or `web-01`. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const { name } = pod.metadata;
  const text = name.slice(set.metadata.name.length + 1);
  return name.startsWith(`${set.metadata.name}-`) && /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined;
}

export function planStatefulSet(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, now: number): StatefulSetPlan {
  const { replicas = 1, podManagementPolicy, updateStrategy, minReadySeconds = 0 } = set.spec;
  const start = set.spec.ordinals?.start ?? 0;
  const rolling = updateStrategy?.type === "RollingUpdate" || updateStrategy?.type === undefined;
  const firstUpdated = start + (rolling ? (updateStrategy?.rollingUpdate?.partition ?? 0) : 0);
  const parallel = podManagementPolicy === "Parallel";
  const byOrdinal = new Map<number, Pod>();
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  const healthy = (pod: Pod | undefined): boolean =>
    pod !== undefined && !isTerminating(pod) && isAvailable(pod, minReadySeconds, now);
  const revisionFor = (ordinal: number): string => (rolling && ordinal < firstUpdated ? revisions.current : revisions.update);
  const plan: StatefulSetPlan = { create: [], delete: [] };

  let settled = true;
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) plan.create.push({ ordinal, revision: revisionFor(ordinal) });
    // A pod that has ended is made again under its name; it has to go first.
    else if (isOver(pod) && !isTerminating(pod)) plan.delete.push(pod);
    else if (healthy(pod)) continue;
    settled = false;
    if (!parallel) return plan;
  }
  const surplus = [...byOrdinal]
    .filter(([ordinal]) => ordinal < start || ordinal >= start + replicas)
    .toSorted(([a], [b]) => b - a);
  for (const [, pod] of surplus) {
    if (!isTerminating(pod)) plan.delete.push(pod);
    if (!parallel) return plan;
  }
  if (!rolling || (!parallel && !settled)) return plan;

  const limit = Math.max(1, resolveCount(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, "up"));
  let unavailable = 0;
  const going = new Set(plan.delete);
  for (let ordinal = start; ordinal < start + replicas; ordinal++) if (!healthy(byOrdinal.get(ordinal))) unavailable++;
  for (let ordinal = start + replicas - 1; ordinal >= firstUpdated; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined || isTerminating(pod) || going.has(pod) || pod.metadata.labels?.[revisionLabel] === revisions.update) {
      if (!healthy(pod) && unavailable >= limit) return plan;
      continue;
    }
    // One that is not up costs nothing to replace; one that is up must fit under the limit.
    if (healthy(pod) && unavailable >= limit) return plan;
    plan.delete.push(pod);
    if (healthy(pod)) unavailable++;
    if (unavailable >= limit) return plan;
  }
  return plan;
}
