/** Assigns pods to the first ready node; there is one, and it takes all. A pod that asks for labels the node has not, waits and says so. */
import { isNotFound, matchesLabels, resources, type KubernetesObject, type Pod } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { isOver } from "./pods.ts";
import type { Node } from "./types.ts";

export function startScheduler(context: ControllerContext): Controller {
  const { client, events } = context;
  const pods = context.informer<Pod>(resources.pods);
  const nodes = context.informer<Node>(resources.nodes);

  const waiting = (pod: Pod): boolean =>
    pod.spec.nodeName === undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    !isOver(pod) &&
    (pod.spec.schedulerName ?? "default-scheduler") === "default-scheduler" &&
    (pod.spec.schedulingGates ?? []).length === 0;
  const keyOf = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`;
  const ready = (node: Node): boolean =>
    node.spec?.unschedulable !== true &&
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    const old = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (old?.status === "False" && old.message === message) return;
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    const lastTransitionTime = old?.status === "False" ? old.lastTransitionTime : new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastProbeTime: null,
      lastTransitionTime,
    };
    events.record({ ...pod, apiVersion: "v1", kind: "Pod" }, "Warning", "FailedScheduling", message);
    await client.merge(
      resources.pods,
      pod.metadata.name,
      pod.metadata.namespace,
      { status: { conditions: [...others, condition] } },
      "status",
    );
  };

  const reconcile = async (key: string): Promise<void> => {
    const pod = pods.byKey(key);
    if (pod === undefined || !waiting(pod)) return;
    const able = nodes.list().filter(ready);
    const node = able.find(({ metadata }) => matchesLabels(pod.spec.nodeSelector ?? {}, metadata.labels));
    if (node === undefined) {
      const why =
        able.length === 0 ? "no node is ready" : "the node does not have the labels that the pod's node selector asks for";
      return refuse(pod, `0/${nodes.list().length} nodes are available: ${why}.`);
    }
    const { name, namespace } = pod.metadata;
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target: { apiVersion: "v1", kind: "Node", name: node.metadata.name },
    };
    try {
      await client.create(resources.pods, binding as KubernetesObject, { name, subresource: "binding" });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    events.record(
      { ...pod, apiVersion: "v1", kind: "Pod" },
      "Normal",
      "Scheduled",
      `Successfully assigned ${key} to ${node.metadata.name}`,
    );
  };

  return runController(context, {
    name: "default-scheduler",
    sources: [
      { resource: resources.pods, keys: (pod: Pod) => (waiting(pod) ? [keyOf(pod)] : []) },
      { resource: resources.nodes, keys: () => pods.list().filter(waiting).map(keyOf) },
    ],
    reconcile,
    resyncMs: 10_000,
  });
}
