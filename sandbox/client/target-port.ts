/** Where a service's port leads in a pod. */
import type { Pod } from "./types.ts";

/** A target port by name is looked up in the pod; undefined when the pod has none of that name. */
export function targetPort(pod: Pod, target: number | string | undefined, fallback: number): number | undefined {
  if (target === undefined) return fallback;
  if (typeof target === "number") return target;
  if (/^\d+$/.test(target)) return Number(target);
  return pod.spec.containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === target)?.containerPort;
}
