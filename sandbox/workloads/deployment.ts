/** The Deployment controller: one ReplicaSet per template, and a rolling exchange between them within maxSurge and maxUnavailable. */
import { isAlreadyExists, resources, type Condition } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { isOwnedBy, named, ownerKeys, ownerReference } from "./ownership.ts";
import { templateHash } from "./template-hash.ts";
import { resolveCount, type Deployment, type ReplicaSet } from "./types.ts";
import { statusDiffers } from "./status-change.ts";

const hashLabel = "pod-template-hash";
const revisionAnnotation = "deployment.kubernetes.io/revision";
const size = (set: ReplicaSet): number => set.spec.replicas ?? 0;
const available = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + of(set), 0);

/** The sizes that bring the exchange one step on. Pure. */
export function rolloutStep(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const wanted = deployment.spec.replicas ?? 1;
  const sizes = new Map<ReplicaSet, number>();
  if (deployment.spec.strategy?.type === "Recreate") {
    for (const set of old) if (size(set) > 0) sizes.set(set, 0);
    const gone = sum(old, (set) => Math.max(size(set), set.status?.replicas ?? 0)) === 0;
    if (gone && size(fresh) !== wanted) sizes.set(fresh, wanted);
    return sizes;
  }
  const { maxSurge = "25%", maxUnavailable = "25%" } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = resolveCount(maxSurge, wanted, "up");
  // Both 0 would never move.
  const unavailable = Math.max(resolveCount(maxUnavailable, wanted, "down"), surge === 0 ? 1 : 0);
  const total = size(fresh) + sum(old, size);
  if (size(fresh) > wanted) sizes.set(fresh, wanted);
  else if (size(fresh) < wanted && total < wanted + surge) sizes.set(fresh, Math.min(wanted, size(fresh) + wanted + surge - total));
  // Counted in sizes asked for, less what of the new is not up yet: a status that lags behind its size must not be spent twice.
  let spare = total - (wanted - unavailable) - Math.max(0, size(fresh) - available(fresh));
  const left = new Map(old.map((set) => [set, size(set)]));
  // Old pods that are not up go first, for they serve nobody; then as many of the others as leaves enough.
  for (const set of old) {
    const broken = Math.min(Math.max(0, spare), Math.max(0, size(set) - available(set)));
    left.set(set, size(set) - broken);
    spare -= broken;
  }
  const up = (set: ReplicaSet): number => Math.min(available(set), size(set));
  spare = Math.min(spare, up(fresh) + sum(old, up) - (wanted - unavailable));
  for (const set of old) {
    const healthy = Math.min(Math.max(0, spare), left.get(set) ?? 0);
    left.set(set, (left.get(set) ?? 0) - healthy);
    spare -= healthy;
  }
  for (const [set, to] of left) if (to !== size(set)) sizes.set(set, to);
  return sizes;
}

function deploymentConditions(deployment: Deployment, fresh: ReplicaSet, up: number, done: boolean): Condition[] {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const before = deployment.status?.conditions ?? [];
  const wanted = deployment.spec.replicas ?? 1;
  const { maxUnavailable = "25%" } = deployment.spec.strategy?.rollingUpdate ?? {};
  const enough = up >= wanted - resolveCount(maxUnavailable, wanted, "down");
  const condition = (type: string, status: "True" | "False", reason: string, message: string): Condition => {
    const old = before.find((other) => other.type === type);
    const same = old?.status === status && old.reason === reason;
    return {
      type,
      status,
      reason,
      message,
      lastTransitionTime: old?.status === status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : now,
      lastUpdateTime: same && old.lastUpdateTime !== undefined ? old.lastUpdateTime : now,
    };
  };
  const progressing = before.find(({ type }) => type === "Progressing");
  const since = Date.parse(progressing?.lastUpdateTime ?? now);
  const late = !done && progressing !== undefined && Date.now() - since > (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  const name = fresh.metadata.name;
  return [
    enough
      ? condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
      : condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    done
      ? condition("Progressing", "True", "NewReplicaSetAvailable", `ReplicaSet "${name}" has successfully progressed.`)
      : late
        ? condition("Progressing", "False", "ProgressDeadlineExceeded", `ReplicaSet "${name}" has timed out progressing.`)
        : condition("Progressing", "True", "ReplicaSetUpdated", `ReplicaSet "${name}" is progressing.`),
  ];
}

export function startDeploymentController(context: ControllerContext): Controller {
  const { client, events } = context;
  const deployments = context.informer<Deployment>(resources.deployments);
  const sets = context.informer<ReplicaSet>(resources.replicaSets);

  const ensureSet = async (deployment: Deployment, own: readonly ReplicaSet[]): Promise<ReplicaSet> => {
    const hash = templateHash(deployment.spec.template);
    const newest = own.reduce((highest, set) => Math.max(highest, Number(set.metadata.annotations?.[revisionAnnotation] ?? 0)), 0);
    const present = own.find((set) => set.metadata.labels?.[hashLabel] === hash);
    if (present !== undefined) {
      if (Number(present.metadata.annotations?.[revisionAnnotation] ?? 0) === newest) return present;
      const annotations = { [revisionAnnotation]: String(newest + 1) };
      return client.merge<ReplicaSet>(resources.replicaSets, present.metadata.name, present.metadata.namespace, {
        metadata: { annotations },
      });
    }
    const { template, selector } = deployment.spec;
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    const set: ReplicaSet = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace ?? "default",
        labels,
        annotations: { [revisionAnnotation]: String(newest + 1) },
        ownerReferences: [ownerReference(resources.deployments, deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
        ...(deployment.spec.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      },
    };
    return client.create(resources.replicaSets, set).catch((error: unknown) => {
      if (isAlreadyExists(error)) return client.get<ReplicaSet>(resources.replicaSets, set.metadata.name, set.metadata.namespace);
      throw error;
    });
  };

  const reconcile = async (key: string): Promise<void> => {
    const deployment = deployments.byKey(key);
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const { name, namespace } = deployment.metadata;
    const own = sets.list(namespace).filter((set) => isOwnedBy(set, deployment));
    const fresh = await ensureSet(deployment, own);
    const old = own.filter((set) => set.metadata.uid !== fresh.metadata.uid);
    const about = named(resources.deployments, deployment);
    if (deployment.spec.paused !== true) {
      for (const [set, to] of rolloutStep(deployment, fresh, old)) {
        const direction = to > size(set) ? "up" : "down";
        // The version makes a stale copy's step a conflict instead of a second step.
        const metadata = { resourceVersion: set.metadata.resourceVersion };
        await client.merge(resources.replicaSets, set.metadata.name, namespace, { metadata, spec: { replicas: to } });
        events.record(
          about,
          "Normal",
          "ScalingReplicaSet",
          `Scaled ${direction} replica set ${set.metadata.name} from ${size(set)} to ${to}`,
        );
      }
    }
    const all = [fresh, ...old];
    const wanted = deployment.spec.replicas ?? 1;
    const replicas = sum(all, (set) => set.status?.replicas ?? 0);
    const availableReplicas = sum(all, available);
    const updatedReplicas = fresh.status?.replicas ?? 0;
    const done = updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
    const status = {
      observedGeneration: deployment.metadata.generation ?? 0,
      replicas,
      updatedReplicas,
      availableReplicas,
      readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
      unavailableReplicas: Math.max(0, Math.max(wanted, replicas) - availableReplicas),
      conditions: deploymentConditions(deployment, fresh, availableReplicas, done),
    };
    if (statusDiffers(status, deployment.status)) {
      await client.merge(resources.deployments, name, namespace, { status }, "status");
    }
    if (!done) return;
    const empty = old
      .filter((set) => size(set) === 0)
      .toSorted(
        (a, b) => Number(a.metadata.annotations?.[revisionAnnotation]) - Number(b.metadata.annotations?.[revisionAnnotation]),
      );
    for (const set of empty.slice(0, Math.max(0, empty.length - (deployment.spec.revisionHistoryLimit ?? 10)))) {
      await client.delete(resources.replicaSets, set.metadata.name, namespace);
    }
  };

  return runController(context, {
    name: "deployment-controller",
    sources: [
      {
        resource: resources.deployments,
        keys: (deployment: Deployment) => [`${deployment.metadata.namespace}/${deployment.metadata.name}`],
      },
      { resource: resources.replicaSets, keys: ownerKeys(resources.deployments) },
    ],
    reconcile,
  });
}
