/** Dataflows as a person handles them: applied, patched, scaled, watched until they are as they should be. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dataflow, DataflowSpec } from "../../controller/api/index.ts";
import {
  ApiError,
  createClient,
  isNotFound,
  loadKubeconfig,
  resourcePath,
  resources,
  type KubernetesObject,
  type Pod,
  type Resource,
} from "../../sandbox/client/index.ts";
import { linesOf } from "./output.ts";
import type { LifecycleWorld } from "./world.ts";

export const dataflows: Resource = {
  group: "weir.dev",
  version: "v1alpha1",
  plural: "dataflows",
  kind: "Dataflow",
  namespaced: true,
};

export type Patch = { [field: string]: unknown };
export interface EventSeen {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}
export type Flows = ReturnType<typeof openFlows>;

export const sumsModule = readFileSync(join(import.meta.dirname, "flows/sums.ts"), "utf8");

const patience = 90_000;

export function openFlows(world: LifecycleWorld, namespace: string) {
  const client = createClient(loadKubeconfig(world.kubeconfig), "lifecycle");
  const collection = resourcePath(dataflows, namespace);
  const path = (name: string, subresource?: string): string => resourcePath(dataflows, namespace, name, subresource);
  const dir = (name: string): string => join(world.shared, name);

  const self = {
    client,
    namespace,
    dir,
    store: (name: string): string => join(dir(name), "state"),
    /** The manifest of a flow of running sums, with a store that all pods share. */
    manifest(name: string, spec: Partial<DataflowSpec> = {}): Dataflow {
      const { params, recovery, ...rest } = spec;
      const shared = [{ name: "shared", hostPath: { path: world.shared, type: "Directory" } }];
      return {
        apiVersion: "weir.dev/v1alpha1",
        kind: "Dataflow",
        metadata: { name, namespace } as Dataflow["metadata"],
        spec: {
          flow: { inline: sumsModule },
          params: { dir: dir(name), rate: "50", ...params },
          epochMilliseconds: 100,
          recovery: { store: `file://${self.store(name)}`, snapshotIntervalSeconds: 1, partitions: 16, retain: 3, ...recovery },
          template: {
            spec: {
              volumes: shared,
              containers: [{ name: "worker", volumeMounts: [{ name: "shared", mountPath: world.shared }] }],
            },
          },
          ...rest,
        },
      };
    },
    async create(name: string, spec: Partial<DataflowSpec> = {}): Promise<Dataflow> {
      rmSync(dir(name), { recursive: true, force: true });
      mkdirSync(dir(name), { recursive: true });
      // Pods have a user of their own where they are containers.
      chmodSync(dir(name), 0o777);
      return client.request("POST", collection, { body: self.manifest(name, spec), query: { fieldValidation: "Strict" } });
    },
    /** The API's refusal of an object, in its own words. */
    async refusal(request: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
      try {
        await request;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { code, reason } = error;
        return { code, reason, message: error.message.replace(/^[A-Z]+ \S+: /, "") };
      }
      throw new Error("the API server took what it should refuse");
    },
    post: (object: unknown): Promise<Dataflow> =>
      client.request("POST", collection, { body: object, query: { fieldValidation: "Strict", dryRun: "All" } }),
    get: (name: string): Promise<Dataflow> => client.request("GET", path(name)),
    patch: (name: string, spec: Patch): Promise<Dataflow> =>
      client.request("PATCH", path(name), { body: { spec }, contentType: "application/merge-patch+json" }),
    /** Through the scale subresource, as `kubectl scale` and autoscalers do. */
    scale: (name: string, replicas: number): Promise<KubernetesObject> =>
      client.merge(dataflows, name, namespace, { spec: { replicas } }, "scale"),
    remove: (name: string): Promise<void> => client.delete(dataflows, name, namespace, { propagationPolicy: "Background" }),
    async pods(name: string): Promise<Pod[]> {
      const labelSelector = `weir.dev/dataflow=${name},app.kubernetes.io/component=worker`;
      const { items } = await client.list<Pod>(resources.pods, namespace, { labelSelector });
      return items.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
    },
    /** By pod, what changes when its container is started again. */
    async containers(name: string): Promise<Record<string, string | undefined>> {
      const pods = await self.pods(name);
      return Object.fromEntries(pods.map((pod) => [pod.metadata.name, pod.status?.containerStatuses?.[0]?.containerID]));
    },
    async events(name: string): Promise<EventSeen[]> {
      const fieldSelector = `involvedObject.kind=Dataflow,involvedObject.name=${name}`;
      const list = await client.list<EventSeen & KubernetesObject>(resources.events, namespace, { fieldSelector });
      return list.items;
    },
    event: (name: string, reason: string): Promise<EventSeen> =>
      self.until(name, `an event ${reason}`, async () => (await self.events(name)).findLast((event) => event.reason === reason)),
    /** Number and start of the process that a pod's worker is now. */
    process(pod: string, name: string): string {
      return readFileSync(join(dir(name), "pids", pod), "utf8");
    },
    condition(flow: Dataflow, type: string) {
      return flow.status?.conditions?.find((condition) => condition.type === type);
    },
    /** Fails with all that can be known about the flow. */
    async until<T>(name: string, what: string, look: () => Promise<T | undefined | false>, timeoutMs = patience): Promise<T> {
      const deadline = Date.now() + timeoutMs;
      let last: unknown;
      for (;;) {
        try {
          const found = await look();
          if (found !== undefined && found !== false) return found;
          last = undefined;
        } catch (error) {
          last = error;
        }
        if (Date.now() > deadline)
          throw new Error(`waited ${timeoutMs} ms for ${name}: ${what}\n${await self.story(name)}`, { cause: last });
        await sleep(100);
      }
    },
    phase: (name: string, phase: string, timeoutMs?: number): Promise<Dataflow> =>
      self.until(
        name,
        `phase ${phase}`,
        async () => self.get(name).then((flow) => flow.status?.phase === phase && flow),
        timeoutMs,
      ),
    /** Running on just so many workers, as the newest spec says. */
    running: (name: string, workers: number, timeoutMs?: number): Promise<Dataflow> =>
      self.until(
        name,
        `${workers} running workers`,
        async () => {
          const flow = await self.get(name);
          const { status = {}, metadata } = flow;
          const ready = self.condition(flow, "Ready");
          return (
            status.phase === "Running" &&
            status.observedGeneration === metadata.generation &&
            ready?.status === "True" &&
            ready.observedGeneration === metadata.generation &&
            status.workers === workers &&
            status.readyWorkers === workers &&
            flow
          );
        },
        timeoutMs,
      ),
    /** Output goes on: at least so many lines more than now. */
    async flowing(name: string, lines = 40): Promise<void> {
      const before = linesOf(dir(name)).length;
      await self.until(name, "more output", async () => linesOf(dir(name)).length >= before + lines);
    },
    gone: (name: string): Promise<boolean> =>
      self.until(name, "its end", () =>
        self.get(name).then(
          () => false,
          (error: unknown) => isNotFound(error),
        ),
      ),
    /** Everything in the namespace that bears the flow's label. */
    async children(name: string): Promise<string[]> {
      const kinds = [
        resources.statefulSets,
        resources.services,
        resources.configMaps,
        resources.secrets,
        resources.serviceAccounts,
        resources.podDisruptionBudgets,
        resources.pods,
      ];
      const lists = await Promise.all(
        kinds.map(async (resource) => {
          const { items } = await client.list(resource, namespace, { labelSelector: `weir.dev/dataflow=${name}` });
          return items.map((item) => `${resource.kind}/${item.metadata.name}`);
        }),
      );
      return lists.flat().toSorted();
    },
    async story(name: string): Promise<string> {
      const told = await Promise.allSettled([
        self
          .get(name)
          .then((flow) => JSON.stringify({ metadata: { ...flow.metadata, managedFields: 0 }, status: flow.status }, null, 1)),
        self.events(name).then((events) => events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`).join("\n")),
        self.pods(name).then(async (pods) => {
          const logs = pods.map(async (pod) => {
            const log = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log`;
            const stream = await client.stream(log, { query: { tailLines: 12 } });
            let text = "";
            for await (const chunk of stream) text += String(chunk);
            return `${pod.metadata.name} ${pod.status?.phase} ${JSON.stringify(pod.status?.containerStatuses?.[0]?.state)}\n${text}`;
          });
          return (await Promise.allSettled(logs))
            .map((log) => (log.status === "fulfilled" ? log.value : String(log.reason)))
            .join("\n");
        }),
      ]);
      const log = world.controller?.log;
      const controller = log !== undefined && existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(-15).join("\n") : "";
      return [...told.map((part) => (part.status === "fulfilled" ? part.value : String(part.reason))), controller].join("\n---\n");
    },
  };
  return self;
}
