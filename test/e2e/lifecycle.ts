/**
 * The life of a Dataflow from the first apply to the last pod, on whatever cluster `start` gives: the sandbox, a real control plane, any
 * KUBECONFIG. The controller is the same program each time, and so are the cases: a difference between two API servers is a defect
 * of the sandbox.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe } from "vitest";
import { parse } from "yaml";
import {
  createClient,
  isNotFound,
  loadKubeconfig,
  resources,
  type KubernetesObject,
  type Resource,
} from "../../sandbox/client/index.ts";
import { autoscalingCases } from "./cases/autoscaling.ts";
import { endCases } from "./cases/end.ts";
import { killCases } from "./cases/kills.ts";
import { refusalCases } from "./cases/refusals.ts";
import { runningCases } from "./cases/running.ts";
import { upgradeCases } from "./cases/upgrades.ts";
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
export function lifecycle(name: string, start: () => Promise<LifecycleWorld>): void {
  describe(`the life of a Dataflow, ${name}`, () => {
    let world: LifecycleWorld | undefined;
    let flows: Flows | undefined;
    const suite: Suite = {
      get world() {
        return world!;
      },
      get flows() {
        return flows!;
      },
    };
    beforeAll(async () => {
      world = await start();
      await installDefinition(world.kubeconfig);
      world.controller?.start();
      // A name of its own: the cluster may be somebody's, and an earlier run's leftovers are not this one's.
      const namespace = `lifecycle-${randomBytes(3).toString("hex")}`;
      flows = openFlows(world, namespace);
      await flows.client.create(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      await flows.until("namespace", "its service account", () =>
        flows!.client.get(resources.serviceAccounts, "default", namespace),
      );
    }, 180_000);
    afterAll(async () => {
      if (flows !== undefined) {
        await flows.client.delete(resources.namespaces, flows.namespace);
        await flows
          .until("namespace", "its end", () =>
            flows!.client.get(resources.namespaces, flows!.namespace).then(() => false, isNotFound),
          )
          .finally(async () => {
            flows?.client.close();
            await world?.controller?.stop();
            await world?.stop();
          });
      } else await world?.stop();
    }, 180_000);

    runningCases(suite);
    refusalCases(suite);
    upgradeCases(suite);
    endCases(suite);
    killCases(suite);
    autoscalingCases(suite);
  });
}

/** As `kubectl apply --server-side -f crds/` does. */
async function installDefinition(kubeconfig: string): Promise<void> {
  const client = createClient(loadKubeconfig(kubeconfig), "lifecycle");
  const file = new URL("../../crds/weir.dev_dataflows.yaml", import.meta.url);
  const definition = parse(readFileSync(file, "utf8")) as KubernetesObject;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`;
  await client.request("PATCH", path, {
    contentType: "application/apply-patch+yaml",
    query: { fieldManager: "lifecycle", force: true },
    body: definition,
  });
  for (;;) {
    const found = await client.get<KubernetesObject & { status?: { conditions?: { type: string; status: string }[] } }>(
      definitions,
      definition.metadata.name,
    );
    if (found.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") === true) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  client.close();
}
