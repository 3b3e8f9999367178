/** A cluster with Weir in it and a namespace to work in, from before the first case to after the last. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { parse } from "yaml";
import {
  createClient,
  isNotFound,
  loadKubeconfig,
  resources,
  type KubernetesObject,
  type Resource,
} from "../../sandbox/client/index.ts";
import { openFlows, type Flows } from "./flows.ts";
import type { LifecycleWorld } from "./world.ts";

/** Filled before the first case runs. */
export interface Suite {
  readonly world: LifecycleWorld;
  readonly flows: Flows;
}

const definitions: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

/** `start` is called once; the world it gives is stopped at the end. */
export function openSuite(start: () => Promise<LifecycleWorld>): Suite {
  let world: LifecycleWorld | undefined;
  let flows: Flows | undefined;
  beforeAll(async () => {
    world = await start();
    await installDefinition(world.kubeconfig);
    world.controller?.start();
    // A name of its own: the cluster may be somebody's, and an earlier run's leftovers are not this one's.
    flows = openFlows(world, `lifecycle-${randomBytes(3).toString("hex")}`);
    const { client, namespace, until } = flows;
    await client.create(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await until("namespace", "its service account", () => client.get(resources.serviceAccounts, "default", namespace));
  }, 180_000);
  afterAll(async () => {
    try {
      if (flows !== undefined) await removeNamespace(flows);
    } finally {
      await world?.controller?.stop();
      await world?.stop();
    }
  }, 180_000);
  return {
    get world() {
      return world!;
    },
    get flows() {
      return flows!;
    },
  };
}

/** With whatever failed cases have left in it: a Dataflow's finalizer must let it go. */
async function removeNamespace({ client, namespace, until }: Flows): Promise<void> {
  await client.delete(resources.namespaces, namespace);
  await until("namespace", "its end", () => client.get(resources.namespaces, namespace).then(() => false, isNotFound));
  client.close();
}

/** As `kubectl apply --server-side -f crds/` does. */
async function installDefinition(kubeconfig: string): Promise<void> {
  const client = createClient(loadKubeconfig(kubeconfig), "lifecycle");
  const file = new URL("../../crds/weir.dev_dataflows.yaml", import.meta.url);
  const definition = parse(readFileSync(file, "utf8")) as KubernetesObject;
  const { name } = definition.metadata;
  await client.request("PATCH", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, {
    contentType: "application/apply-patch+yaml",
    query: { fieldManager: "lifecycle", force: true },
    body: definition,
  });
  for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
    type Definition = KubernetesObject & { status?: { conditions?: { type: string; status: string }[] } };
    const { status } = await client.get<Definition>(definitions, name);
    if (status?.conditions?.some((condition) => condition.type === "Established" && condition.status === "True") === true) break;
    if (Date.now() > deadline) throw new Error("the API server did not establish the Dataflow resource");
  }
  client.close();
}
