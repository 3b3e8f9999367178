/** The whole controller against a fake (or any) API server and the model of a flow. */
import { runController } from "../../../controller/main.ts";
import type { DataflowSpec, DataflowStatus } from "../../../controller/api/index.ts";
import { createKubeClient, type KubeClient } from "../../../controller/machinery/index.ts";
import type { ControllerOptions } from "../../../controller/options.ts";
import { startFakeApiServer, type FakeApiServer, type StoredObject } from "./api-server.ts";
import { createFlowModel, type FlowModel } from "./flow-model.ts";
import { startFakeNodes, type FakeNodes } from "./nodes.ts";

export interface Harness {
  readonly server: FakeApiServer;
  readonly client: KubeClient;
  readonly model: FlowModel;
  readonly nodes: FakeNodes;
  create(name: string, spec: DataflowSpec): Promise<void>;
  patch(name: string, spec: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  status(name: string): DataflowStatus;
  pods(name: string): string[];
  /** Waits until `check` is true; throws with what is there when it takes too long. */
  until(what: string, check: () => boolean, timeoutMs?: number): Promise<void>;
  startController(): void;
  stopController(): Promise<void>;
  stop(): Promise<void>;
}

export const collection = "/apis/weir.dev/v1alpha1/namespaces/default/dataflows";

export async function startHarness(options: Partial<ControllerOptions> & { cleanupSucceeds?: boolean } = {}): Promise<Harness> {
  const server = await startFakeApiServer();
  const model = createFlowModel();
  const nodes = startFakeNodes(server.config, model, {
    statefulSets: true,
    ...(options.cleanupSucceeds === undefined ? {} : { cleanupSucceeds: options.cleanupSucceeds }),
  });
  const client = createKubeClient(server.config, { userAgent: "test", limit: { admit: async () => undefined } });
  let stopController: (() => Promise<void>) | undefined;
  const startController = () => {
    const abort = new AbortController();
    const running = runController({
      config: server.config,
      workerClient: { ...model, status: model.status, post: model.post, close: () => undefined },
      leaderElection: false,
      pollInterval: 40,
      progressInterval: 15,
      statusInterval: 20,
      logLevel: process.env.WEIR_TEST_LOG ?? "silent",
      ...options,
      signal: abort.signal,
    });
    stopController = async () => {
      abort.abort();
      await running;
    };
  };
  startController();
  const status = (name: string): DataflowStatus => server.get(`${collection}/${name}`)?.status ?? {};
  return {
    server,
    client,
    model,
    nodes,
    create: async (name, spec) => {
      await client.request("POST", collection, {
        body: { apiVersion: "weir.dev/v1alpha1", kind: "Dataflow", metadata: { name, namespace: "default" }, spec },
      });
    },
    patch: async (name, spec) => {
      await client.request("PATCH", `${collection}/${name}`, { body: { spec }, contentType: "application/merge-patch+json" });
    },
    remove: async (name) => {
      await client.request("DELETE", `${collection}/${name}`);
    },
    status,
    pods: (name) =>
      server
        .list("/api/v1/pods")
        .filter((pod: StoredObject) => pod.metadata.labels?.["weir.dev/dataflow"] === name)
        .map((pod) => pod.metadata.name)
        .toSorted(),
    until: async (what, check, timeoutMs = 8000) => {
      const deadline = Date.now() + timeoutMs;
      while (!check()) {
        if (Date.now() > deadline) {
          const flows = server.list("/apis/weir.dev/v1alpha1/dataflows").map((flow) => ({ spec: flow.spec, status: flow.status }));
          const record = server.list("/api/v1/configmaps").find((map) => map.metadata.name.endsWith("-record"))?.data;
          const processes = [...model.processes.values()].map(({ pod, phase }) => ({ pod, phase }));
          throw new Error(
            `not in time: ${what}\n${JSON.stringify({ flows, record, processes, manifests: [...model.manifests] }, null, 1)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    startController,
    stopController: async () => {
      await stopController?.();
      stopController = undefined;
    },
    stop: async () => {
      await stopController?.();
      await nodes.stop();
      client.close();
      await server.close();
    },
  };
}
