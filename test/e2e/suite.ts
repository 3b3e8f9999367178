/** A cluster with Weir in it and a namespace to work in, from before the first case to after the last. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { parseAllDocuments } from "yaml";
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
    await install(world.kubeconfig);
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

/** As `kubectl apply --server-side -f crds/ -f deploy/` does, but for the controllers themselves, which the world starts. */
async function install(kubeconfig: string): Promise<void> {
  const client = createClient(loadKubeconfig(kubeconfig), "lifecycle");
  const files = ["crds/weir.dev_dataflows.yaml", "deploy/controller.yaml"];
  const texts = files.map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject));
  for (const object of objects) {
    if (object.kind === "Deployment") continue;
    try {
      await client.request("PATCH", pathOf(object), {
        contentType: "application/apply-patch+yaml",
        query: { fieldManager: "lifecycle", force: true },
        body: object,
      });
    } catch (error) {
      // The sandbox has one user, who may do everything, and serves no rights.
      if (!(isNotFound(error) && object.apiVersion?.startsWith("rbac."))) throw error;
    }
  }
  const { name } = objects[0]!.metadata;
  for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
    type Definition = KubernetesObject & { status?: { conditions?: { type: string; status: string }[] } };
    const { status } = await client.get<Definition>(definitions, name);
    if (status?.conditions?.some((condition) => condition.type === "Established" && condition.status === "True") === true) break;
    if (Date.now() > deadline) throw new Error("the API server did not establish the Dataflow resource");
  }
  client.close();
}

function pathOf({ apiVersion = "", kind = "", metadata: { namespace, name } }: KubernetesObject): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${kind.toLowerCase()}s/${name}`;
}
