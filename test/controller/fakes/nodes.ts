/** Plays the StatefulSet controller and a kubelet over the API, with processes of the flow model for containers. */
import { ordinalOf } from "../../../controller/api/index.ts";
import {
  createInformer,
  createKubeClient,
  isKubeError,
  systemClock,
  type KubeClient,
} from "../../../controller/machinery/index.ts";
import type { KubeConfig } from "@kubernetes/client-node";
import type { StoredObject } from "./api-server.ts";
import type { FlowModel } from "./flow-model.ts";

export interface FakeNodes {
  /** Ends a pod's process; the pod stays and starts another after `ms`. */
  kill(pod: string, restartMs: number): void;
  stop(): Promise<void>;
}

export function startFakeNodes(
  config: KubeConfig,
  model: FlowModel,
  options: { statefulSets: boolean; cleanupSucceeds?: boolean },
): FakeNodes {
  const client: KubeClient = createKubeClient(config, { userAgent: "fake-nodes", limit: { admit: async () => undefined } });
  const stop = new AbortController();
  const addresses = new Map<string, string>();
  const restarts = new Map<string, number>();
  const away = new Map<string, number>();
  let lastAddress = 1;
  const pods = createInformer<StoredObject>({ client, clock: systemClock, path: "/api/v1/pods", onChange: () => undefined });
  const sets = createInformer<StoredObject>({
    client,
    clock: systemClock,
    path: "/apis/apps/v1/statefulsets",
    onChange: () => undefined,
  });
  const running = [pods.run(stop.signal), ...(options.statefulSets ? [sets.run(stop.signal)] : [])];

  const quietly = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (stop.signal.aborted || isKubeError(error, 404) || isKubeError(error, 409)) return;
      throw error;
    }
  };
  const scale = async (set: StoredObject): Promise<void> => {
    const { name, namespace, uid } = set.metadata;
    const own = [...pods.values()].filter(
      (pod) => pod.metadata.namespace === namespace && (pod.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid),
    );
    for (let ordinal = 0; ordinal < set.spec.replicas; ordinal++) {
      if (own.some((pod) => ordinalOf(name, pod.metadata.name) === ordinal)) continue;
      const { template } = set.spec;
      const body = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          ...template.metadata,
          name: `${name}-${ordinal}`,
          namespace,
          ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true }],
        },
        spec: template.spec,
      };
      await quietly(client.request("POST", `/api/v1/namespaces/${namespace}/pods`, { body }));
    }
    for (const pod of own)
      if (ordinalOf(name, pod.metadata.name)! >= set.spec.replicas && pod.metadata.deletionTimestamp === undefined)
        await quietly(client.request("DELETE", `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`));
  };
  const environmentOf = async (pod: StoredObject): Promise<{ environment: Record<string, string>; initial: number }> => {
    const worker = pod.spec.containers.find((container: { name: string }) => container.name === "worker");
    const environment: Record<string, string> = { RUN: pod.metadata.uid };
    for (const { name, value, valueFrom } of worker.env) {
      if (value !== undefined) environment[name] = value;
      else if (valueFrom?.secretKeyRef !== undefined) {
        const secret = await client.request<StoredObject>(
          "GET",
          `/api/v1/namespaces/${pod.metadata.namespace}/secrets/${valueFrom.secretKeyRef.name}`,
        );
        environment[name] = Buffer.from(secret.data[valueFrom.secretKeyRef.key], "base64").toString();
      }
    }
    environment.RUN = (pod.metadata.annotations as Record<string, string>)["weir.dev/run"]!;
    const topology = pod.spec.volumes.find((volume: { name: string }) => volume.name === "topology");
    if (topology === undefined) return { environment, initial: 0 };
    const found = await client.request<StoredObject>(
      "GET",
      `/api/v1/namespaces/${pod.metadata.namespace}/configmaps/${topology.configMap.name}`,
    );
    return { environment, initial: Number(found.data.processes) };
  };
  const attend = async (pod: StoredObject): Promise<void> => {
    const { name, namespace, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const flow = pod.metadata.labels?.["weir.dev/dataflow"] ?? "";
    const ordinal = ordinalOf(flow, name);
    if (pod.metadata.deletionTimestamp !== undefined) {
      const address = addresses.get(uid);
      if (address !== undefined) model.end(address);
      addresses.delete(uid);
      return quietly(client.request("DELETE", path, { body: { gracePeriodSeconds: 0 } }));
    }
    const patch = (status: unknown) =>
      quietly(client.request("PATCH", `${path}/status`, { body: { status }, contentType: "application/merge-patch+json" }));
    if (ordinal === undefined) {
      if (pod.status?.phase === undefined || pod.status.phase === "Pending")
        await patch({ phase: options.cleanupSucceeds === false ? "Failed" : "Succeeded" });
      return;
    }
    let address = addresses.get(uid);
    if (address === undefined) {
      address = `10.0.0.${lastAddress++}`;
      const { environment, initial } = await environmentOf(pod);
      addresses.set(uid, address);
      model.start({ flow, pod: name, ordinal, ip: address, environment, initial });
    }
    const back = away.get(uid);
    if (!model.processes.has(address) && back !== undefined && Date.now() >= back) {
      const { environment, initial } = await environmentOf(pod);
      away.delete(uid);
      model.start({ flow, pod: name, ordinal, ip: address, environment, initial });
    }
    const ready = model.isReady(address);
    const reported = pod.status?.conditions?.find((entry: { type: string }) => entry.type === "Ready")?.status;
    if (pod.status?.podIP === address && reported === (ready ? "True" : "False")) return;
    await patch({
      phase: "Running",
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [
        { name: "worker", ready, restartCount: restarts.get(uid) ?? 0, image: "x", imageID: "x", state: { running: {} } },
      ],
    });
  };
  const loop = (async () => {
    while (!stop.signal.aborted) {
      if (options.statefulSets) for (const set of sets.values()) if (set.metadata.deletionTimestamp === undefined) await scale(set);
      for (const pod of pods.values()) if (pod.metadata.labels?.["weir.dev/dataflow"] !== undefined) await quietly(attend(pod));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();

  return {
    kill: (name, restartMs) => {
      for (const pod of pods.values()) {
        const address = addresses.get(pod.metadata.uid);
        if (pod.metadata.name !== name || address === undefined) continue;
        model.end(address);
        restarts.set(pod.metadata.uid, (restarts.get(pod.metadata.uid) ?? 0) + 1);
        away.set(pod.metadata.uid, Date.now() + restartMs);
      }
    },
    stop: async () => {
      stop.abort();
      await loop;
      await Promise.all(running);
      client.close();
    },
  };
}
