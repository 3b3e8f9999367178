/** The status of PodDisruptionBudgets: how many of a budget's pods may be evicted now. */
import { matchesSelector, resources, type Condition, type KubernetesObject, type Pod } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { controllerOf } from "./ownership.ts";
import { isOver, isReady, isTerminating } from "./pods.ts";
import { resolveCount, type PodDisruptionBudget, type ReplicaSet, type StatefulSet } from "./types.ts";
import { statusDiffers } from "./status-change.ts";

interface Sized extends KubernetesObject {
  spec: { replicas?: number };
}

export function startDisruptionController(context: ControllerContext): Controller {
  const { client } = context;
  const budgets = context.informer<PodDisruptionBudget>(resources.podDisruptionBudgets);
  const pods = context.informer<Pod>(resources.pods);
  const owners = {
    StatefulSet: context.informer<StatefulSet>(resources.statefulSets),
    ReplicaSet: context.informer<ReplicaSet>(resources.replicaSets),
  };

  /** As many pods as their controllers are to have, so that a missing pod counts against the budget. */
  const expected = (own: readonly Pod[]): number => {
    const counted = new Map<string, number>();
    for (const pod of own) {
      const owner = controllerOf(pod);
      const informer =
        owner === undefined
          ? undefined
          : (owners as Record<string, { get(name: string, namespace?: string): Sized | undefined }>)[owner.kind];
      const found = owner && informer?.get(owner.name, pod.metadata.namespace);
      if (found === undefined) counted.set(pod.metadata.uid ?? pod.metadata.name, 1);
      else counted.set(found.metadata.uid ?? owner?.name ?? "", found.spec.replicas ?? 1);
    }
    return [...counted.values()].reduce((total, count) => total + count, 0);
  };

  const reconcile = async (key: string): Promise<void> => {
    const budget = budgets.byKey(key);
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return;
    const { name, namespace } = budget.metadata;
    const own = pods.list(namespace).filter((pod) => matchesSelector(budget.spec.selector, pod.metadata.labels) && !isOver(pod));
    const expectedPods = expected(own);
    const { minAvailable, maxUnavailable } = budget.spec;
    const desiredHealthy =
      maxUnavailable === undefined
        ? resolveCount(minAvailable ?? 0, expectedPods, "up")
        : Math.max(0, expectedPods - resolveCount(maxUnavailable, expectedPods, "up"));
    const currentHealthy = own.filter((pod) => isReady(pod) && !isTerminating(pod)).length;
    const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const allowed = disruptionsAllowed > 0;
    const old = budget.status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
    const state = allowed ? "True" : "False";
    const condition: Condition = {
      type: "DisruptionAllowed",
      status: state,
      reason: allowed ? "SufficientPods" : "InsufficientPods",
      message: "",
      observedGeneration: budget.metadata.generation ?? 0,
      lastTransitionTime:
        old?.status === state && old.lastTransitionTime !== undefined
          ? old.lastTransitionTime
          : new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    };
    const status = {
      observedGeneration: budget.metadata.generation ?? 0,
      expectedPods,
      desiredHealthy,
      currentHealthy,
      disruptionsAllowed,
      conditions: [condition],
    };
    if (statusDiffers(status, budget.status)) {
      await client.merge(resources.podDisruptionBudgets, name, namespace, { status }, "status");
    }
  };

  const budgetKeys = (object: KubernetesObject): string[] =>
    budgets.list(object.metadata.namespace).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return runController(context, {
    name: "disruption-controller",
    sources: [
      {
        resource: resources.podDisruptionBudgets,
        keys: (budget: PodDisruptionBudget) => [`${budget.metadata.namespace}/${budget.metadata.name}`],
      },
      { resource: resources.pods, keys: budgetKeys },
      { resource: resources.statefulSets, keys: budgetKeys },
      { resource: resources.replicaSets, keys: budgetKeys },
    ],
    reconcile,
  });
}
