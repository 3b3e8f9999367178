/**
 * What the workload controllers make of StatefulSets, Deployments, Jobs and budgets. Run against the sandbox's own and against the
 * real kube-controller-manager: where they differ, the sandbox is wrong.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resources, type Container, type KubernetesObject, type Pod, type Resource } from "../../sandbox/client/index.ts";
import { isReady, openWorld, until, type World } from "./world.ts";

interface Workload extends KubernetesObject {
  spec: Record<string, unknown>;
  status?: Record<string, unknown> & { conditions?: { type: string; status: string; reason?: string }[] };
}

export function workloadsContract(name: string, start: () => Promise<World>): void {
  describe(`workload controllers, ${name}`, () => {
    let world: World;
    let at: ReturnType<typeof openWorld>;
    beforeAll(async () => {
      world = await start();
      at = openWorld(world);
    }, 90_000);
    afterAll(async () => {
      at?.client.close();
      await world?.stop();
    }, 60_000);

    const server = "require('http').createServer((q,r)=>r.end('ok')).listen(8080);process.on('SIGTERM',()=>process.exit(0))";
    const container = (own: Partial<Container> = {}): Container => ({
      name: "main",
      image: "test.invalid/server:1",
      command: ["node", "-e", server],
      readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
      ...own,
    });
    const template = (app: string, own: Partial<Container> = {}, spec: Record<string, unknown> = {}) => ({
      metadata: { labels: { app } },
      spec: { terminationGracePeriodSeconds: 1, ...spec, containers: [container(own)] },
    });
    const create = (resource: Resource, kind: string, objectName: string, spec: Record<string, unknown>): Promise<Workload> =>
      at.client.create<Workload>(resource, {
        apiVersion: resource.group === "" ? "v1" : `${resource.group}/${resource.version}`,
        kind,
        metadata: { name: objectName, namespace: at.namespace },
        spec,
      });
    const get = (resource: Resource, objectName: string): Promise<Workload> =>
      at.client.get<Workload>(resource, objectName, at.namespace);
    const podsOf = async (app: string): Promise<Pod[]> =>
      (await at.client.list<Pod>(resources.pods, at.namespace, { labelSelector: `app=${app}` })).items;
    const status = (resource: Resource, objectName: string, wanted: Record<string, unknown>): Promise<Workload> =>
      until(`${objectName} to be ${JSON.stringify(wanted)}`, async () => {
        const found = await get(resource, objectName);
        const current =
          found.status?.["observedGeneration"] === undefined || found.status["observedGeneration"] === found.metadata.generation;
        return current && Object.entries(wanted).every(([field, value]) => (found.status?.[field] ?? 0) === value) && found;
      });
    const remove = async (resource: Resource, objectName: string, app: string): Promise<void> => {
      await at.client.delete(resource, objectName, at.namespace, { propagationPolicy: "Background" });
      await until(`the pods of ${app} to go`, async () => (await podsOf(app)).length === 0);
    };
    const version = (value: string): Partial<Container> => ({ env: [{ name: "VERSION", value }] });
    const versions = async (app: string): Promise<Record<string, string | undefined>> =>
      Object.fromEntries(
        (await podsOf(app))
          .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
          .map((pod) => [pod.metadata.name, pod.spec.containers[0]?.env?.[0]?.value]),
      );

    describe("StatefulSet", () => {
      it("starts members in order, each when the one before is ready, and stops them in reverse", async () => {
        const seen: string[] = [];
        await create(resources.statefulSets, "StatefulSet", "ordered", {
          serviceName: "none",
          replicas: 3,
          selector: { matchLabels: { app: "ordered" } },
          template: template("ordered"),
        });
        const watching = until("three members", async () => {
          const pods = await podsOf("ordered");
          for (const pod of pods) {
            const index = Number(pod.metadata.name.slice(-1));
            if (!seen.includes(pod.metadata.name)) seen.push(pod.metadata.name);
            for (const earlier of pods) if (Number(earlier.metadata.name.slice(-1)) < index) expect(isReady(earlier)).toBe(true);
          }
          return pods.length === 3 && pods.every(isReady);
        });
        await watching;
        expect(seen).toEqual(["ordered-0", "ordered-1", "ordered-2"]);
        const found = await status(resources.statefulSets, "ordered", {
          readyReplicas: 3,
          replicas: 3,
          availableReplicas: 3,
          currentReplicas: 3,
          updatedReplicas: 3,
        });
        expect(found.status?.["currentRevision"]).toBe(found.status?.["updateRevision"]);
        const [pod] = await podsOf("ordered");
        expect(pod?.metadata.labels).toMatchObject({
          "statefulset.kubernetes.io/pod-name": "ordered-0",
          "apps.kubernetes.io/pod-index": "0",
          "controller-revision-hash": found.status?.["updateRevision"],
        });
        expect(pod?.metadata.ownerReferences).toMatchObject([
          { kind: "StatefulSet", name: "ordered", controller: true, uid: found.metadata.uid },
        ]);
        await at.client.merge(resources.statefulSets, "ordered", at.namespace, { spec: { replicas: 1 } });
        await status(resources.statefulSets, "ordered", { replicas: 1, readyReplicas: 1 });
        expect(Object.keys(await versions("ordered"))).toEqual(["ordered-0"]);
        await remove(resources.statefulSets, "ordered", "ordered");
      });

      it("updates members from the last to the partition, and makes those below it again as they were", async () => {
        await create(resources.statefulSets, "StatefulSet", "parted", {
          serviceName: "none",
          replicas: 3,
          podManagementPolicy: "Parallel",
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
          selector: { matchLabels: { app: "parted" } },
          template: template("parted", version("1")),
        });
        await status(resources.statefulSets, "parted", { readyReplicas: 3 });
        await at.client.merge(resources.statefulSets, "parted", at.namespace, {
          spec: { template: template("parted", version("2")) },
        });
        const half = await status(resources.statefulSets, "parted", { readyReplicas: 3, updatedReplicas: 1, currentReplicas: 2 });
        expect(half.status?.["currentRevision"]).not.toBe(half.status?.["updateRevision"]);
        expect(await versions("parted")).toEqual({ "parted-0": "1", "parted-1": "1", "parted-2": "2" });
        await at.client.delete(resources.pods, "parted-0", at.namespace);
        await until(
          "the return of parted-0",
          async () => (await versions("parted"))["parted-0"] === "1" && isReady(await at.pod("parted-0")),
        );
        await at.client.merge(resources.statefulSets, "parted", at.namespace, {
          spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
        });
        await status(resources.statefulSets, "parted", { readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3 });
        expect(await versions("parted")).toEqual({ "parted-0": "2", "parted-1": "2", "parted-2": "2" });
        const revisions = (await at.client.list(resources.controllerRevisions, at.namespace)).items.filter(({ metadata }) =>
          metadata.name.startsWith("parted-"),
        );
        expect(revisions).toHaveLength(2);
        await remove(resources.statefulSets, "parted", "parted");
      });

      it("leaves members alone with OnDelete until they are deleted", async () => {
        await create(resources.statefulSets, "StatefulSet", "manual", {
          serviceName: "none",
          replicas: 2,
          podManagementPolicy: "Parallel",
          updateStrategy: { type: "OnDelete" },
          selector: { matchLabels: { app: "manual" } },
          template: template("manual", version("1")),
        });
        await status(resources.statefulSets, "manual", { readyReplicas: 2 });
        await at.client.merge(resources.statefulSets, "manual", at.namespace, {
          spec: { template: template("manual", version("2")) },
        });
        await status(resources.statefulSets, "manual", { updatedReplicas: 0, readyReplicas: 2 });
        await at.client.delete(resources.pods, "manual-1", at.namespace);
        await status(resources.statefulSets, "manual", { updatedReplicas: 1, readyReplicas: 2 });
        expect(await versions("manual")).toEqual({ "manual-0": "1", "manual-1": "2" });
        await remove(resources.statefulSets, "manual", "manual");
      });
    });

    it("exchanges a Deployment's pods without going below what it may, and goes back", async () => {
      await create(resources.deployments, "Deployment", "front", {
        replicas: 3,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: { app: "front" } },
        template: template("front", version("1")),
      });
      const settled = { replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 };
      const first = await status(resources.deployments, "front", settled);
      expect(first.status?.conditions).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ type: "Available", status: "True", reason: "MinimumReplicasAvailable" }),
          expect.objectContaining({ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }),
        ]),
      );
      const replace = (to: string) =>
        at.client.merge(resources.deployments, "front", at.namespace, { spec: { template: template("front", version(to)) } });
      await replace("2");
      let least = 3;
      let most = 0;
      await until("the exchange", async () => {
        const pods = (await podsOf("front")).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        least = Math.min(least, pods.filter(isReady).length);
        most = Math.max(most, pods.length);
        return pods.length === 3 && pods.every((pod) => isReady(pod) && pod.spec.containers[0]?.env?.[0]?.value === "2");
      });
      expect(least).toBe(3);
      expect(most).toBeLessThanOrEqual(4);
      await replace("1");
      await status(resources.deployments, "front", settled);
      expect(new Set(Object.values(await versions("front")))).toEqual(new Set(["1"]));
      const sets = (await at.client.list(resources.replicaSets, at.namespace, { labelSelector: "app=front" })).items;
      expect(sets.map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"]).sort()).toEqual(["2", "3"]);
      await remove(resources.deployments, "front", "front");
      await until(
        "its replica sets to go",
        async () => (await at.client.list(resources.replicaSets, at.namespace, { labelSelector: "app=front" })).items.length === 0,
      );
    });

    it("runs a Job to its completions, and gives up on one that fails", async () => {
      const once = (code: string) =>
        template("job", { command: ["node", "-e", code], readinessProbe: undefined as never }, { restartPolicy: "Never" });
      await create(resources.jobs, "Job", "good", { completions: 2, parallelism: 2, template: once("process.exit(0)") });
      await create(resources.jobs, "Job", "bad", { backoffLimit: 0, template: once("process.exit(1)") });
      const good = await until("the good job", async () => {
        const found = await get(resources.jobs, "good");
        return found.status?.conditions?.some(({ type }) => type === "Complete") && found;
      });
      expect(good.status).toMatchObject({ succeeded: 2 });
      expect(good.status?.["completionTime"]).toBeDefined();
      const bad = await until("the bad job", async () => {
        const found = await get(resources.jobs, "bad");
        return found.status?.conditions?.some(({ type }) => type === "Failed") && found;
      });
      expect(bad.status).toMatchObject({ failed: 1 });
      expect(bad.status?.conditions?.find(({ type }) => type === "Failed")?.reason).toBe("BackoffLimitExceeded");
      for (const job of ["good", "bad"])
        await at.client.delete(resources.jobs, job, at.namespace, { propagationPolicy: "Background" });
      await until("their pods to go", async () => (await podsOf("job")).length === 0);
    });

    it("counts what a budget allows to be disrupted", async () => {
      await create(resources.podDisruptionBudgets, "PodDisruptionBudget", "guard", {
        maxUnavailable: 1,
        selector: { matchLabels: { app: "guarded" } },
      });
      await create(resources.statefulSets, "StatefulSet", "guarded", {
        serviceName: "none",
        replicas: 2,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: { app: "guarded" } },
        template: template("guarded"),
      });
      await status(resources.podDisruptionBudgets, "guard", {
        expectedPods: 2,
        currentHealthy: 2,
        desiredHealthy: 1,
        disruptionsAllowed: 1,
      });
      await remove(resources.statefulSets, "guarded", "guarded");
      await status(resources.podDisruptionBudgets, "guard", { expectedPods: 0, currentHealthy: 0, disruptionsAllowed: 0 });
      await at.client.delete(resources.podDisruptionBudgets, "guard", at.namespace);
    });
  });
}
