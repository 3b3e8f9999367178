/** The controllers and the kubelet together, while the API server cuts, refuses, delays and dies: in the end everything is as asked for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isConflict, resources, type KubernetesObject, type Pod } from "../../sandbox/client/index.ts";
import { startSandbox, type Sandbox } from "../../sandbox/index.ts";
import { isReady, openWorld, until } from "./world.ts";

describe("under faults of the API server", () => {
  let sandbox: Sandbox;
  let directory: string;
  let at: ReturnType<typeof openWorld>;
  const problems: string[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sandbox-faults-"));
    sandbox = await startSandbox({ directory, log: (message) => problems.push(message) });
    at = openWorld({ kubeconfig: sandbox.kubeconfig, locate: sandbox.locate });
  });
  afterAll(async () => {
    at.client.close();
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const server = "require('http').createServer((q,r)=>r.end('ok')).listen(8080);process.on('SIGTERM',()=>process.exit(0))";
  const container = (version: string) => ({
    name: "main",
    image: "test.invalid/server:1",
    command: ["node", "-e", server],
    env: [{ name: "VERSION", value: version }],
    readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
  });
  const podsOf = async (app: string): Promise<Pod[]> =>
    (await at.client.list<Pod>(resources.pods, at.namespace, { labelSelector: `app=${app}` })).items;
  // The suite's own requests meet the faults too.
  const insist = async <T>(request: () => Promise<T>): Promise<T> =>
    until("an answer", async () => {
      try {
        return await request();
      } catch (error) {
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  const spec = (app: string, replicas: number, version: string) => ({
    replicas,
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 1, containers: [container(version)] } },
  });
  const arrived = (app: string, replicas: number, version: string): Promise<unknown> =>
    until(
      `${replicas} pods of ${app} at version ${version}`,
      async () => {
        const pods = await podsOf(app);
        return (
          pods.length === replicas &&
          pods.every(
            (pod) =>
              isReady(pod) && pod.metadata.deletionTimestamp === undefined && pod.spec.containers[0]?.env?.[0]?.value === version,
          )
        );
      },
      40_000,
    );

  it("brings a StatefulSet and a Deployment to what was asked for last", async () => {
    const metadata = (name: string) => ({ name, namespace: at.namespace });
    await at.client.create(resources.statefulSets, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: metadata("set"),
      spec: { ...spec("set", 3, "1"), serviceName: "none", podManagementPolicy: "Parallel" },
    } as KubernetesObject);
    await at.client.create(resources.deployments, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: metadata("front"),
      spec: spec("front", 3, "1"),
    } as KubernetesObject);
    const { faults } = sandbox.apiServer;
    const change = async (replicas: number, version: string): Promise<void> => {
      await insist(() => at.client.merge(resources.statefulSets, "set", at.namespace, { spec: spec("set", replicas, version) }));
      await insist(() => at.client.merge(resources.deployments, "front", at.namespace, { spec: spec("front", replicas, version) }));
    };

    await faults.add({ kind: "conflict", count: 5 });
    await faults.add({ kind: "internal-error", count: 10 });
    await change(5, "2");
    await faults.cutWatches();
    await faults.add({ kind: "too-many-requests", count: 10, retryAfter: 0 });
    await sleep(200);
    await faults.cutWatches({ expire: true });
    await faults.add({ kind: "drop", count: 10 });
    await change(2, "3");
    await faults.compact();
    await faults.cutWatches();
    await faults.add({ kind: "slow", count: 20, delay: 300 });
    await sleep(200);
    await sandbox.apiServer.kill();
    await sleep(300);
    await sandbox.apiServer.start();
    await change(3, "4");

    await Promise.all([arrived("set", 3, "4"), arrived("front", 3, "4")]);
    expect((await podsOf("set")).map(({ metadata: { name } }) => name).sort()).toEqual(["set-0", "set-1", "set-2"]);
    // And it stays so: no controller makes another step.
    const before = (await podsOf("front")).map(({ metadata: { uid } }) => uid).sort();
    await sleep(500);
    expect((await podsOf("front")).map(({ metadata: { uid } }) => uid).sort()).toEqual(before);
  });

  it("comes back by itself when the API server dies without being asked to", async () => {
    const seen = problems.length;
    await sandbox.apiServer.crash();
    await until("the API server's return", () => at.client.list(resources.pods, at.namespace));
    expect(problems.slice(seen).some((message) => message.includes("is started again"))).toBe(true);
    await arrived("set", 3, "4");
  });
});
