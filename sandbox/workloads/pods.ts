/** What controllers ask of a pod. */
import type { Condition, Pod } from "../client/index.ts";

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
export const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

const readyCondition = (pod: Pod): Condition | undefined => pod.status?.conditions?.find(({ type }) => type === "Ready");

export const isReady = (pod: Pod): boolean => pod.status?.phase === "Running" && readyCondition(pod)?.status === "True";

/** Ready for at least so many seconds. */
export function isAvailable(pod: Pod, minReadySeconds: number, now = Date.now()): boolean {
  if (!isReady(pod)) return false;
  return minReadySeconds === 0 || Date.parse(readyCondition(pod)?.lastTransitionTime ?? "") + minReadySeconds * 1000 <= now;
}
