/** What a StatefulSet's pods may expect of the kubelet, from their start to their replacement. */
import { beforeAll, describe, expect, it } from "vitest";
import { resources, type Container, type KubernetesObject, type PodSpec } from "../../sandbox/client/index.ts";
import { until } from "./world.ts";
import type { KubeletWorld } from "./kubelet-world.ts";

interface StatefulSet extends KubernetesObject {
  spec: Record<string, unknown>;
  status?: {
    readyReplicas?: number;
    replicas: number;
    updatedReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
  };
}

export function statefulSetCases(kubelet: KubeletWorld): void {
  const { container, states } = kubelet;
  describe("a StatefulSet of three", () => {
    const set = (): Promise<StatefulSet> => kubelet.at.client.get<StatefulSet>(resources.statefulSets, "web", kubelet.at.namespace);
    const settled = (replicas: number): Promise<StatefulSet> =>
      until(`${replicas} ready members`, async () => {
        const found = await set();
        return found.status?.readyReplicas === replicas && found.status.replicas === replicas && found;
      });

    beforeAll(async () => {
      await kubelet.at.client.create(resources.services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web", namespace: kubelet.at.namespace },
        spec: { clusterIP: "None", selector: { app: "web" }, publishNotReadyAddresses: true, ports: [{ port: 8080 }] },
      } as KubernetesObject);
      await kubelet.at.client.create(resources.services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "any", namespace: kubelet.at.namespace },
        spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
      } as KubernetesObject);
      await kubelet.at.client.create(resources.statefulSets, {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "web", namespace: kubelet.at.namespace },
        spec: {
          serviceName: "web",
          replicas: 3,
          podManagementPolicy: "Parallel",
          selector: { matchLabels: { app: "web" } },
          template: {
            metadata: { labels: { app: "web" } },
            spec: {
              terminationGracePeriodSeconds: 2,
              containers: [container({ env: [{ name: "VERSION", value: "1" }], ports: [{ name: "http", containerPort: 8080 }] })],
            },
          },
        },
      } as StatefulSet);
      await settled(3);
    }, 60_000);

    it("runs three members on one port, each with an address of its own", async () => {
      const pods = await Promise.all([0, 1, 2].map((index) => kubelet.at.pod(`web-${index}`)));
      expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(3);
      const names = await Promise.all(pods.map(async (pod) => JSON.parse(await kubelet.at.ask(pod, "/")).name));
      expect(names).toEqual(["web-0", "web-1", "web-2"]);
      expect(pods[0]?.status).toMatchObject({
        phase: "Running",
        qosClass: "BestEffort",
        containerStatuses: [{ name: "main", ready: true, started: true, restartCount: 0 }],
      });
      expect(pods[0]?.spec).toMatchObject({ hostname: "web-0", subdomain: "web" });
    });

    it("lets members find each other by name, short and long, and services by theirs", async () => {
      const first = await kubelet.at.pod("web-0");
      for (const host of ["web-1.web", "web-1.web.default", "web-1.web.default.svc", "web-1.web.default.svc.cluster.local"]) {
        const answer = await kubelet.at.ask(first, `/ask?url=${encodeURIComponent(`http://${host}:8080/`)}`);
        expect(JSON.parse(answer)).toMatchObject({ name: "web-1" });
      }
      const served = new Set<string>();
      for (let tries = 0; tries < 12; tries++)
        served.add(JSON.parse(await kubelet.at.ask(first, `/ask?url=${encodeURIComponent("http://any/")}`)).name);
      expect([...served].sort()).toEqual(["web-0", "web-1", "web-2"]);
      expect(JSON.parse(await kubelet.at.ask(first, `/ask?url=${encodeURIComponent("http://localhost:8080/")}`)).name).toBe(
        "web-0",
      );
      await expect(kubelet.at.ask(first, `/ask?url=${encodeURIComponent("http://web-9.web:8080/")}`)).rejects.toThrow("ENOTFOUND");
    });

    it("restarts a killed member under its name and address", async () => {
      const before = await kubelet.at.pod("web-1");
      const { pid } = JSON.parse(await kubelet.at.ask(before, "/"));
      await kubelet.at.ask(before, "/kill");
      const after = await until("the restart", async () =>
        kubelet.at.pod("web-1").then((pod) => states(pod)?.restartCount === 1 && states(pod)?.ready === true && pod),
      );
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.status?.podIP).toBe(before.status?.podIP);
      expect(JSON.parse(await kubelet.at.ask(after, "/")).pid).not.toBe(pid);
      expect(states(after)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: "Error" });
    });

    it("scales up to five and down to one, keeping the first", async () => {
      const first = await kubelet.at.pod("web-0");
      const scale = (replicas: number) =>
        kubelet.at.client.merge(resources.statefulSets, "web", kubelet.at.namespace, { spec: { replicas } });
      await scale(5);
      await settled(5);
      expect(
        JSON.parse(await kubelet.at.ask(await kubelet.at.pod("web-0"), `/ask?url=${encodeURIComponent("http://web-4.web:8080/")}`))
          .name,
      ).toBe("web-4");
      await scale(1);
      await settled(1);
      await kubelet.at.gone("web-1");
      expect((await kubelet.at.pod("web-0")).metadata.uid).toBe(first.metadata.uid);
    });

    it("replaces members when the template changes", async () => {
      await kubelet.at.client.merge(resources.statefulSets, "web", kubelet.at.namespace, { spec: { replicas: 2 } });
      const before = await settled(2);
      const template = (before.spec as { template: { spec: PodSpec } }).template;
      const [main] = template.spec.containers as [Container];
      const containers = [{ ...main, env: [{ name: "VERSION", value: "2" }] }];
      await kubelet.at.client.merge(resources.statefulSets, "web", kubelet.at.namespace, {
        spec: { template: { spec: { containers } } },
      });
      const after = await until("the update", async () => {
        const found = await set();
        return (
          found.status?.updateRevision !== before.status?.updateRevision &&
          found.status?.updatedReplicas === 2 &&
          found.status.readyReplicas === 2 &&
          found.status.currentRevision === found.status.updateRevision &&
          found
        );
      });
      expect(after.status?.readyReplicas).toBe(2);
      for (const pod of ["web-0", "web-1"])
        expect(JSON.parse(await kubelet.at.ask(await kubelet.at.pod(pod), "/")).version).toBe("2");
    });

    it("ends its members when it is deleted", async () => {
      const pod = await kubelet.at.pod("web-0");
      await kubelet.at.client.delete(resources.statefulSets, "web", kubelet.at.namespace, { propagationPolicy: "Background" });
      await kubelet.at.gone("web-0");
      await expect(kubelet.at.ask(pod, "/")).rejects.toThrow(/ECONNREFUSED/);
      for (const service of ["web", "any"]) await kubelet.at.client.delete(resources.services, service, kubelet.at.namespace);
    });
  });
}
