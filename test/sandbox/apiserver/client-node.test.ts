import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { river, riverDefinition } from "../conformance/objects.ts";
import { eventually, started, type Started } from "./started.ts";

let api: Started;
let config: KubeConfig;
beforeAll(async () => {
  api = await started();
  config = new KubeConfig();
  config.loadFromFile(api.server.kubeconfig);
});
afterAll(() => api.stop());

it("is read, written and refused by the typed client", async () => {
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "c" }, data: { a: "1" } } });
  const { items } = await core.listNamespacedConfigMap({ namespace: "default", fieldSelector: "metadata.name=c" });
  expect(items[0]?.data).toEqual({ a: "1" });
  const refused = await core
    .createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "c" } } })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiException);
  expect((refused as ApiException<unknown>).code).toBe(409);
  const applied = await core.patchNamespacedConfigMap(
    {
      namespace: "default",
      name: "c",
      fieldManager: "test",
      force: true,
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "2" } },
    },
    setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
  );
  expect(applied.data).toEqual({ a: "2" });
});

it("serves custom objects and generic ones", async () => {
  await api.ok("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", riverDefinition);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const made = await objects.create(river("r") as { apiVersion: string; kind: string; metadata: { name: string } });
  expect(made.metadata).toMatchObject({ generation: 1 });
  const custom = config.makeApiClient(CustomObjectsApi);
  const at = { group: "conformance.example.com", version: "v1", namespace: "default", plural: "rivers", name: "r" };
  await custom.patchNamespacedCustomObjectStatus(
    { ...at, body: { status: { phase: "Running" } } },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
  expect(await custom.getNamespacedCustomObject(at)).toMatchObject({ spec: { workers: 2 }, status: { phase: "Running" } });
});

it("feeds an informer, through cut watches too", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const informer = makeInformer<V1ConfigMap>(config, "/api/v1/namespaces/default/configmaps", () =>
    core.listNamespacedConfigMap({ namespace: "default" }),
  );
  const seen: string[] = [];
  informer.on("add", (object) => seen.push(object.metadata!.name!));
  informer.on("error", () => void setTimeout(() => void informer.start(), 20));
  await informer.start();
  await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "i1" } } });
  await eventually(async () => seen.includes("i1"));
  api.server.faults.cutWatches();
  await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "i2" } } });
  await eventually(async () => seen.includes("i2"));
  await informer.stop();
});
