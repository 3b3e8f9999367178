/** The StatefulSet controller: pods with names that last, made and replaced as plan.ts says. */
import { isAlreadyExists, isNotFound, resources, type Pod } from "../../client/index.ts";
import { runController, type Controller, type ControllerContext } from "../controller.ts";
import { isOwnedBy, named, ownerKeys, ownerReference } from "../ownership.ts";
import type { ControllerRevision, PersistentVolumeClaim, StatefulSet } from "../types.ts";
import { ordinalOf, planStatefulSet, revisionLabel } from "./plan.ts";
import { ensureRevision, pruneRevisions } from "./revisions.ts";
import { statefulSetStatus } from "./status.ts";
import { statusDiffers } from "../status-change.ts";

/** The pod of one ordinal, made from a revision's template. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const { template } = revision.data.spec;
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = set.spec.volumeClaimTemplates ?? [];
  const claimed = claims.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }));
  const own = new Set(claimed.map((volume) => volume.name));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: set.metadata.namespace ?? "default",
      labels: {
        ...template.metadata?.labels,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": String(ordinal),
        [revisionLabel]: revision.metadata.name,
      },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [ownerReference(resources.statefulSets, set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      volumes: [...claimed, ...(template.spec.volumes ?? []).filter((volume) => !own.has(volume.name))],
    },
  };
}

export function startStatefulSetController(context: ControllerContext): Controller {
  const { client, events } = context;
  const sets = context.informer<StatefulSet>(resources.statefulSets);
  const pods = context.informer<Pod>(resources.pods);
  const revisionCache = context.informer<ControllerRevision>(resources.controllerRevisions);

  const createClaims = async (set: StatefulSet, pod: Pod): Promise<void> => {
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const claim: PersistentVolumeClaim = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          ...template.metadata,
          name: `${template.metadata.name}-${pod.metadata.name}`,
          namespace: pod.metadata.namespace ?? "default",
        },
        spec: template.spec,
      };
      // With this policy the claims go with the set, by ownership.
      if (set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete")
        claim.metadata.ownerReferences = [ownerReference(resources.statefulSets, set)];
      claim.metadata.labels = { ...set.spec.selector.matchLabels, ...template.metadata.labels };
      await client.create(resources.persistentVolumeClaims, claim).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    }
  };
  const create = async (set: StatefulSet, ordinal: number, revision: ControllerRevision): Promise<void> => {
    const pod = statefulPod(set, ordinal, revision);
    const about = named(resources.statefulSets, set);
    try {
      await createClaims(set, pod);
      await client.create(resources.pods, pod);
      events.record(
        about,
        "Normal",
        "SuccessfulCreate",
        `create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
      );
    } catch (error) {
      // The copy of the pods here is behind; the next look has it.
      if (isAlreadyExists(error)) return;
      const why = error instanceof Error ? error.message : String(error);
      events.record(
        about,
        "Warning",
        "FailedCreate",
        `create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} failed error: ${why}`,
      );
      throw error;
    }
  };
  const remove = async (set: StatefulSet, pod: Pod): Promise<void> => {
    try {
      await bequeath(set, pod);
      await client.delete(resources.pods, pod.metadata.name, pod.metadata.namespace, { preconditions: { uid: pod.metadata.uid } });
      const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
      events.record(named(resources.statefulSets, set), "Normal", "SuccessfulDelete", message);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };

  /** Claims of members that a smaller set leaves out go with their pods, when the policy says so. */
  const bequeath = async (set: StatefulSet, pod: Pod): Promise<void> => {
    const ordinal = ordinalOf(set, pod) ?? 0;
    const start = set.spec.ordinals?.start ?? 0;
    const stays = ordinal >= start && ordinal < start + (set.spec.replicas ?? 1);
    if (stays || set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== "Delete") return;
    const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid: pod.metadata.uid }];
    for (const { metadata } of set.spec.volumeClaimTemplates ?? []) {
      await client.merge(resources.persistentVolumeClaims, `${metadata.name}-${pod.metadata.name}`, pod.metadata.namespace, {
        metadata: { ownerReferences },
      });
    }
  };

  const reconcile = async (key: string): Promise<number | void> => {
    const set = sets.byKey(key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return undefined;
    const { namespace } = set.metadata;
    const own = pods.list(namespace).filter((pod) => isOwnedBy(pod, set));
    const update = await ensureRevision(client, set, revisionCache.list(namespace));
    // The one just made may not be in the copy yet.
    const known = [update, ...revisionCache.list(namespace).filter(({ metadata }) => metadata.name !== update.metadata.name)];
    const current =
      known.find((revision) => revision.metadata.name === set.status?.currentRevision && isOwnedBy(revision, set)) ?? update;
    const names = { current: current.metadata.name, update: update.metadata.name };
    const plan = planStatefulSet(set, own, names, Date.now());
    await Promise.all([
      ...plan.create.map(({ ordinal, revision }) => create(set, ordinal, revision === names.current ? current : update)),
      ...plan.delete.map((pod) => remove(set, pod)),
    ]);
    const status = statefulSetStatus(set, own, names, Date.now());
    if (statusDiffers(status, set.status)) {
      await client.merge(
        resources.statefulSets,
        set.metadata.name,
        namespace,
        { metadata: { uid: set.metadata.uid }, status },
        "status",
      );
    }
    const used = new Set([names.current, names.update, ...own.map((pod) => pod.metadata.labels?.[revisionLabel] ?? "")]);
    await pruneRevisions(client, set, known, used);
    const minReadyMs = (set.spec.minReadySeconds ?? 0) * 1000;
    return minReadyMs > 0 && status.availableReplicas < (status.readyReplicas ?? 0) ? Math.min(minReadyMs, 1000) : undefined;
  };

  return runController(context, {
    name: "statefulset-controller",
    sources: [
      { resource: resources.statefulSets, keys: (set: StatefulSet) => [`${set.metadata.namespace}/${set.metadata.name}`] },
      { resource: resources.pods, keys: ownerKeys(resources.statefulSets) },
      { resource: resources.controllerRevisions, keys: ownerKeys(resources.statefulSets) },
    ],
    reconcile,
  });
}
