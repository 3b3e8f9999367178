/** A StatefulSet's status, from its pods. Pure. */
import type { Pod } from "../../client/index.ts";
import { isAvailable, isReady, isTerminating } from "../pods.ts";
import type { StatefulSet, StatefulSetStatus } from "../types.ts";
import { revisionLabel, type Revisions } from "./plan.ts";

export function statefulSetStatus(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, now: number): StatefulSetStatus {
  const wanted = set.spec.replicas ?? 1;
  const at = (revision: string): number =>
    pods.filter((pod) => !isTerminating(pod) && pod.metadata.labels?.[revisionLabel] === revision).length;
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: at(revisions.current),
    updatedReplicas: at(revisions.update),
    currentRevision: revisions.current,
    updateRevision: revisions.update,
    collisionCount: 0,
  };
  const complete = status.updatedReplicas === wanted && status.readyReplicas === wanted && status.replicas === wanted;
  if ((set.spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate" && complete) {
    status.currentReplicas = wanted;
    status.currentRevision = revisions.update;
  }
  return status;
}
