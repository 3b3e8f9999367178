/** Claims of StatefulSets in the sandbox: bound to folders, kept or removed as the set's policy says. And what the sandbox has no controller for. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resources, type KubernetesObject } from "../../sandbox/client/index.ts";
import { startSandbox, type Sandbox } from "../../sandbox/index.ts";
import { openWorld, until } from "./world.ts";

describe("the sandbox's controllers", () => {
  let sandbox: Sandbox;
  let directory: string;
  let at: ReturnType<typeof openWorld>;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sandbox-claims-"));
    sandbox = await startSandbox({ directory });
    at = openWorld({ kubeconfig: sandbox.kubeconfig, locate: sandbox.locate });
  });
  afterAll(async () => {
    at.client.close();
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const create = (name: string, policy: { whenDeleted: string; whenScaled: string }): Promise<KubernetesObject> =>
    at.client.create(resources.statefulSets, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name, namespace: at.namespace },
      spec: {
        serviceName: "none",
        replicas: 2,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: { app: name } },
        persistentVolumeClaimRetentionPolicy: policy,
        volumeClaimTemplates: [
          { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
        ],
        template: {
          metadata: { labels: { app: name } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: "main",
                image: "x",
                command: ["sh", "-c", 'echo "$0" > /data/it; sleep 100', name],
                volumeMounts: [{ name: "data", mountPath: "/data" }],
              },
            ],
          },
        },
      },
    } as KubernetesObject);
  const claims = async (): Promise<string[]> =>
    (await at.client.list(resources.persistentVolumeClaims, at.namespace)).items.map(({ metadata }) => metadata.name).sort();
  const folders = (): string[] => readdirSync(join(directory, "claims"));

  it("keeps claims, or lets them go with the set and its members, as the policy says", async () => {
    await create("keeps", { whenDeleted: "Retain", whenScaled: "Retain" });
    await create("drops", { whenDeleted: "Delete", whenScaled: "Delete" });
    await Promise.all(["keeps-0", "keeps-1", "drops-0", "drops-1"].map((name) => at.ready(name)));
    const claim = await at.client.get<KubernetesObject & { status: { phase: string } }>(
      resources.persistentVolumeClaims,
      "data-keeps-0",
      at.namespace,
    );
    expect(claim.status.phase).toBe("Bound");
    await until(
      "what the pods write",
      async () => folders().length === 4 && folders().every((name) => readdirSync(join(directory, "claims", name)).includes("it")),
    );

    for (const set of ["keeps", "drops"])
      await at.client.merge(resources.statefulSets, set, at.namespace, { spec: { replicas: 1 } });
    await until("one claim to go", async () => (await claims()).length === 3);
    expect(await claims()).toEqual(["data-drops-0", "data-keeps-0", "data-keeps-1"]);
    for (const set of ["keeps", "drops"])
      await at.client.delete(resources.statefulSets, set, at.namespace, { propagationPolicy: "Background" });
    await until("the other to go", async () => (await claims()).length === 2);
    expect(await claims()).toEqual(["data-keeps-0", "data-keeps-1"]);
    await until("their folders to go", async () => folders().length === 2);
  });

  it("says so in an event when nothing here acts upon an object", async () => {
    const template = { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "main", image: "x" }] } };
    const metadata = { name: "everywhere", namespace: at.namespace };
    await at.client.create(resources.daemonSets, {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata,
      spec: { selector: { matchLabels: { app: "d" } }, template },
    } as KubernetesObject);
    await until("the event", async () => (await at.events("everywhere")).some(({ reason }) => reason === "NotSupported"));
  });
});
