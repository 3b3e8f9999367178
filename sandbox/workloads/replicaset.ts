/**
 * The ReplicaSet controller: so many pods of one template, whichever.
 * Its pods have random names, so a stale copy of the list would make too many: it asks the API each time instead.
 */
import { resources, type List, type Pod } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { isOwnedBy, named, ownerKeys, ownerReference } from "./ownership.ts";
import { isAvailable, isOver, isReady, isTerminating } from "./pods.ts";
import { labelQuery } from "./label-query.ts";
import type { ReplicaSet } from "./types.ts";
import { statusDiffers } from "./status-change.ts";

/** Which to remove first: unassigned before assigned, unready before ready, young before old. */
export function removalOrder(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number => (pod.spec.nodeName === undefined ? 0 : isReady(pod) ? 2 : 1);
  return rank(a) - rank(b) || Date.parse(b.metadata.creationTimestamp ?? "") - Date.parse(a.metadata.creationTimestamp ?? "");
}

export function startReplicaSetController(context: ControllerContext): Controller {
  const { client, events } = context;
  const sets = context.informer<ReplicaSet>(resources.replicaSets);

  const reconcile = async (key: string): Promise<number | void> => {
    const set = sets.byKey(key);
    if (set === undefined) return undefined;
    const { name, namespace } = set.metadata;
    const about = named(resources.replicaSets, set);
    const list: List<Pod> = await client.list<Pod>(resources.pods, namespace, { labelSelector: labelQuery(set.spec.selector) });
    const own = list.items.filter((pod) => isOwnedBy(pod, set) && !isTerminating(pod) && !isOver(pod));
    const wanted = set.spec.replicas ?? 1;
    if (set.metadata.deletionTimestamp === undefined && own.length !== wanted) {
      for (let missing = own.length; missing < wanted; missing++) {
        const { template } = set.spec;
        const pod = await client.create<Pod>(resources.pods, {
          apiVersion: "v1",
          kind: "Pod",
          metadata: {
            ...template.metadata,
            generateName: `${name}-`,
            namespace: namespace ?? "default",
            ownerReferences: [ownerReference(resources.replicaSets, set)],
          } as Pod["metadata"],
          spec: template.spec,
        });
        events.record(about, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
        own.push(pod);
      }
      for (const pod of own.toSorted(removalOrder).slice(0, Math.max(0, own.length - wanted))) {
        await client.delete(resources.pods, pod.metadata.name, namespace, { preconditions: { uid: pod.metadata.uid } });
        events.record(about, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
        own.splice(own.indexOf(pod), 1);
      }
    }
    const status = {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: own.length,
      fullyLabeledReplicas: own.length,
      readyReplicas: own.filter(isReady).length,
      availableReplicas: own.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0)).length,
    };
    if (statusDiffers(status, set.status)) {
      await client.merge(resources.replicaSets, name, namespace, { status }, "status");
    }
    return status.availableReplicas < status.readyReplicas ? 1000 : undefined;
  };

  return runController(context, {
    name: "replicaset-controller",
    sources: [
      { resource: resources.replicaSets, keys: (set: ReplicaSet) => [`${set.metadata.namespace}/${set.metadata.name}`] },
      { resource: resources.pods, keys: ownerKeys(resources.replicaSets) },
    ],
    reconcile,
  });
}
