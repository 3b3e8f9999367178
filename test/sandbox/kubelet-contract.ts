/**
 * What a pod may expect of the kubelet, whichever API server stands behind it. Run against the sandbox and against a real control
 * plane: a difference between the two is a defect of the sandbox.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resources, type Container, type KubernetesObject, type Pod, type PodSpec } from "../../sandbox/client/index.ts";
import { openWorld, until, type World } from "./world.ts";

const member = join(import.meta.dirname, "fixtures", "member.mjs");
const script = (text: string): Partial<Container> => ({ command: ["node", "-e", text] });

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

/**
 * `start` is called once; the world it gives is stopped at the end. Where the kubelet is part of a larger program, its death is that
 * program's, and is tried there.
 */
export function kubeletContract(name: string, start: () => Promise<World>, abilities: { abandonKubelet: boolean }): void {
  describe(`pods as processes, ${name}`, () => {
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

    const container = (own: Partial<Container> = {}): Container => ({
      name: "main",
      image: "test.invalid/member:1",
      command: ["node", member],
      readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
      ...own,
    });
    const createPod = (podName: string, own: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> =>
      at.client.create<Pod>(resources.pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: podName, namespace: at.namespace, labels: { pod: podName } },
        spec: { terminationGracePeriodSeconds: 2, ...spec, containers: [container(own), ...(spec.containers ?? [])] },
      });
    const bare = { readinessProbe: undefined } as unknown as Partial<Container>;
    const remove = async (podName: string): Promise<void> => {
      await at.client.delete(resources.pods, podName, at.namespace);
      await at.gone(podName);
    };
    const states = (pod: Pod) => pod.status?.containerStatuses?.[0];

    describe("a StatefulSet of three", () => {
      const set = (): Promise<StatefulSet> => at.client.get<StatefulSet>(resources.statefulSets, "web", at.namespace);
      const settled = (replicas: number): Promise<StatefulSet> =>
        until(`${replicas} ready members`, async () => {
          const found = await set();
          return found.status?.readyReplicas === replicas && found.status.replicas === replicas && found;
        });

      beforeAll(async () => {
        await at.client.create(resources.services, {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "web", namespace: at.namespace },
          spec: { clusterIP: "None", selector: { app: "web" }, publishNotReadyAddresses: true, ports: [{ port: 8080 }] },
        } as KubernetesObject);
        await at.client.create(resources.services, {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "any", namespace: at.namespace },
          spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
        } as KubernetesObject);
        await at.client.create(resources.statefulSets, {
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          metadata: { name: "web", namespace: at.namespace },
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
        const pods = await Promise.all([0, 1, 2].map((index) => at.pod(`web-${index}`)));
        expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(3);
        const names = await Promise.all(pods.map(async (pod) => JSON.parse(await at.ask(pod, "/")).name));
        expect(names).toEqual(["web-0", "web-1", "web-2"]);
        expect(pods[0]?.status).toMatchObject({
          phase: "Running",
          qosClass: "BestEffort",
          containerStatuses: [{ name: "main", ready: true, started: true, restartCount: 0 }],
        });
        expect(pods[0]?.spec).toMatchObject({ hostname: "web-0", subdomain: "web" });
      });

      it("lets members find each other by name, short and long, and services by theirs", async () => {
        const first = await at.pod("web-0");
        for (const host of ["web-1.web", "web-1.web.default", "web-1.web.default.svc", "web-1.web.default.svc.cluster.local"]) {
          const answer = await at.ask(first, `/ask?url=${encodeURIComponent(`http://${host}:8080/`)}`);
          expect(JSON.parse(answer)).toMatchObject({ name: "web-1" });
        }
        const served = new Set<string>();
        for (let tries = 0; tries < 12; tries++)
          served.add(JSON.parse(await at.ask(first, `/ask?url=${encodeURIComponent("http://any/")}`)).name);
        expect([...served].sort()).toEqual(["web-0", "web-1", "web-2"]);
        expect(JSON.parse(await at.ask(first, `/ask?url=${encodeURIComponent("http://localhost:8080/")}`)).name).toBe("web-0");
        await expect(at.ask(first, `/ask?url=${encodeURIComponent("http://web-9.web:8080/")}`)).rejects.toThrow("ENOTFOUND");
      });

      it("restarts a killed member under its name and address", async () => {
        const before = await at.pod("web-1");
        const { pid } = JSON.parse(await at.ask(before, "/"));
        await at.ask(before, "/kill");
        const after = await until("the restart", async () =>
          at.pod("web-1").then((pod) => states(pod)?.restartCount === 1 && states(pod)?.ready === true && pod),
        );
        expect(after.metadata.uid).toBe(before.metadata.uid);
        expect(after.status?.podIP).toBe(before.status?.podIP);
        expect(JSON.parse(await at.ask(after, "/")).pid).not.toBe(pid);
        expect(states(after)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: "Error" });
      });

      it("scales up to five and down to one, keeping the first", async () => {
        const first = await at.pod("web-0");
        const scale = (replicas: number) => at.client.merge(resources.statefulSets, "web", at.namespace, { spec: { replicas } });
        await scale(5);
        await settled(5);
        expect(
          JSON.parse(await at.ask(await at.pod("web-0"), `/ask?url=${encodeURIComponent("http://web-4.web:8080/")}`)).name,
        ).toBe("web-4");
        await scale(1);
        await settled(1);
        await at.gone("web-1");
        expect((await at.pod("web-0")).metadata.uid).toBe(first.metadata.uid);
      });

      it("replaces members when the template changes", async () => {
        await at.client.merge(resources.statefulSets, "web", at.namespace, { spec: { replicas: 2 } });
        const before = await settled(2);
        const template = (before.spec as { template: { spec: PodSpec } }).template;
        const [main] = template.spec.containers as [Container];
        const containers = [{ ...main, env: [{ name: "VERSION", value: "2" }] }];
        await at.client.merge(resources.statefulSets, "web", at.namespace, { spec: { template: { spec: { containers } } } });
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
        for (const pod of ["web-0", "web-1"]) expect(JSON.parse(await at.ask(await at.pod(pod), "/")).version).toBe("2");
      });

      it("ends its members when it is deleted", async () => {
        const pod = await at.pod("web-0");
        await at.client.delete(resources.statefulSets, "web", at.namespace, { propagationPolicy: "Background" });
        await at.gone("web-0");
        await expect(at.ask(pod, "/")).rejects.toThrow(/ECONNREFUSED/);
        for (const service of ["web", "any"]) await at.client.delete(resources.services, service, at.namespace);
      });
    });

    // Each with pods of its own, side by side.
    describe.concurrent("a pod", () => {
      it("lets a deleted pod end in its grace period, and kills one that does not", async () => {
        const [polite, stubborn] = ["polite", "stubborn"];
        await createPod(polite, { env: [{ name: "LINGER", value: "400" }] });
        await createPod(stubborn, { env: [{ name: "STUBBORN", value: "yes" }] }, { terminationGracePeriodSeconds: 1 });
        await Promise.all([at.ready(polite), at.ready(stubborn)]);
        const following = at.logs(polite, { follow: "true" });
        await sleep(200);
        const began = Date.now();
        const took = async (podName: string): Promise<number> => (await remove(podName), Date.now() - began);
        const [politely, stubbornly] = await Promise.all([took(polite), took(stubborn)]);
        expect(politely).toBeGreaterThanOrEqual(400);
        expect(stubbornly).toBeGreaterThanOrEqual(1000);
        expect(stubbornly).toBeLessThan(6000);
        expect(await following).toContain("SIGTERM");
      });

      it("runs preStop before SIGTERM, within the grace period", async () => {
        const preStop = { exec: { command: ["node", "-e", "fetch('http://localhost:8080/say?text=preStop')"] } };
        const pod = await createPod("hooked", { lifecycle: { preStop } }, { terminationGracePeriodSeconds: 5 });
        await at.ready(pod.metadata.name);
        const following = at.logs("hooked", { follow: "true" });
        await sleep(200);
        await remove("hooked");
        const lines = (await following).trim().split("\n");
        expect(lines).toEqual(["hooked listens", "preStop", "SIGTERM"]);
      });

      it("serves logs: all, the last lines, with times, of the run before, and on and on", async () => {
        await createPod("talker", {});
        const pod = await at.ready("talker");
        const following = at.logs("talker", { follow: "true" });
        for (const text of ["one", "two", "three"]) await at.ask(pod, `/say?text=${text}`);
        expect(await until("all lines", async () => at.logs("talker").then((text) => text.includes("three") && text))).toBe(
          "talker listens\none\ntwo\nthree\n",
        );
        expect(await at.logs("talker", { tailLines: "2" })).toBe("two\nthree\n");
        expect(await until("times", async () => at.logs("talker", { timestamps: "true", tailLines: "1" }))).toMatch(
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
        );
        expect(await at.logs("talker", { sinceSeconds: "3600", limitBytes: "6" })).toBe("talker");
        await at.ask(pod, "/kill");
        await until("the restart", async () =>
          at.pod("talker").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
        );
        expect(await following).toBe("talker listens\none\ntwo\nthree\n");
        expect(await at.logs("talker", { previous: "true" })).toBe("talker listens\none\ntwo\nthree\n");
        expect(await at.logs("talker")).toBe("talker listens\n");
        await remove("talker");
      });

      it("backs off from a container that keeps failing, and shows its message", async () => {
        const text = `require('fs').writeFileSync(process.argv[1], 'no luck'); process.exit(3)`;
        await createPod("looper", { ...bare, command: ["node", "-e", text, "/dev/termination-log"] });
        const pod = await until("the crash loop", async () =>
          at
            .pod("looper")
            .then(
              (found) =>
                states(found)?.state.waiting?.reason === "CrashLoopBackOff" && (states(found)?.restartCount ?? 0) >= 1 && found,
            ),
        );
        expect(pod.status?.phase).toBe("Running");
        expect(states(pod)?.lastState.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "no luck" });
        expect(states(pod)?.state.waiting?.message).toMatch(/^back-off .* restarting failed container=main pod=looper_default/);
        await until("the event", async () => (await at.events("looper")).some(({ reason }) => reason === "BackOff"));
        await remove("looper");
      });

      it("says what is wrong with an image that is no program here", async () => {
        await createPod("imageless", { ...bare, image: "registry.example/nothing:1", command: undefined as never });
        const pod = await until("the refusal", async () =>
          at
            .pod("imageless")
            .then((found) => /^(ErrImagePull|ImagePullBackOff)$/.test(states(found)?.state.waiting?.reason ?? "") && found),
        );
        expect(pod.status?.phase).toBe("Pending");
        expect(states(pod)?.state.waiting?.message).toContain("registry.example/nothing:1");
        await remove("imageless");
      });

      it("writes configuration into files and the environment, and keeps the files up to date", async () => {
        const [config, secret] = ["settings", "keys"];
        const meta = (of: string) => ({ name: of, namespace: at.namespace });
        await createPod(
          "configured",
          {
            env: [
              { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              { name: "GREETING", value: "hello $(NAME), $$(NAME) $(UNKNOWN)" },
              { name: "COLOUR", valueFrom: { configMapKeyRef: { name: config, key: "colour" } } },
              { name: "FILE", value: "/etc/settings/colour" },
              { name: "KEY_FILE", value: "file:///etc/keys/token" },
              { name: "LABELS", value: "/etc/about/labels" },
              { name: "LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
            ],
            envFrom: [{ prefix: "S_", secretRef: { name: secret } }],
            resources: { limits: { memory: "64Mi" } },
            volumeMounts: [
              { name: "settings", mountPath: "/etc/settings" },
              { name: "keys", mountPath: "/etc/keys", readOnly: true },
              { name: "about", mountPath: "/etc/about" },
            ],
          },
          {
            volumes: [
              { name: "settings", configMap: { name: config } },
              { name: "keys", projected: { sources: [{ secret: { name: secret, items: [{ key: "token", path: "token" }] } }] } },
              { name: "about", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
            ],
          },
        );
        await until("the complaint about what is missing", async () =>
          (await at.events("configured")).some(({ reason, message }) => reason === "FailedMount" && message.includes("not found")),
        );
        await at.client.create(resources.configMaps, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: meta(config),
          data: { colour: "red" },
        } as KubernetesObject);
        await at.client.create(resources.secrets, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: meta(secret),
          stringData: { token: "s3cret" },
        } as KubernetesObject);
        const pod = await at.ready("configured");
        const env = (of: string) => at.ask(pod, `/env?name=${of}`);
        expect(await Promise.all(["NAME", "GREETING", "COLOUR", "S_token", "LIMIT"].map(env))).toEqual([
          "configured",
          "hello configured, $(NAME) $(UNKNOWN)",
          "red",
          "s3cret",
          "64",
        ]);
        const file = async (of: string) => at.ask(pod, `/file?path=${encodeURIComponent((await env(of)).replace("file://", ""))}`);
        expect(await file("FILE")).toBe("red");
        expect(await file("KEY_FILE")).toBe("s3cret");
        expect(await file("LABELS")).toBe('pod="configured"');
        await at.client.merge(resources.configMaps, config, at.namespace, { data: { colour: "blue" } });
        await until("the new colour", async () => (await file("FILE")) === "blue");
        expect(await env("COLOUR")).toBe("red");
        await remove("configured");
      });

      it("runs init containers first, in order", async () => {
        const init = (of: string, more: Partial<Container> = {}): Container => ({
          ...container({ ...bare, ...script(`require('fs').appendFileSync('/prepared/order', '${of} ')`), ...more }),
          name: of,
        });
        const mounts = { volumeMounts: [{ name: "prepared", mountPath: "/prepared" }] };
        await createPod(
          "prepared",
          { ...mounts, env: [{ name: "ORDER", value: "/prepared/order" }] },
          { volumes: [{ name: "prepared", emptyDir: {} }], initContainers: [init("first", mounts), init("second", mounts)] },
        );
        const pod = await at.ready("prepared");
        expect(await at.ask(pod, `/file?path=${encodeURIComponent(await at.ask(pod, "/env?name=ORDER"))}`)).toBe("first second ");
        expect(pod.status?.initContainerStatuses).toMatchObject([
          { name: "first", state: { terminated: { exitCode: 0, reason: "Completed" } } },
          { name: "second" },
        ]);
        await remove("prepared");
      });

      it("runs pods that end: Succeeded and Failed", async () => {
        await createPod("well", { ...bare, ...script("console.log('done')") }, { restartPolicy: "Never" });
        await createPod(
          "ill",
          { ...bare, ...script("console.log('bad'); process.exit(4)"), terminationMessagePolicy: "FallbackToLogsOnError" },
          { restartPolicy: "Never" },
        );
        await createPod(
          "retried",
          {
            ...bare,
            ...script("const f=process.argv[1],fs=require('fs');if(!fs.existsSync(f)){fs.writeFileSync(f,'');process.exit(1)}"),
            volumeMounts: [{ name: "d", mountPath: "/d" }],
          },
          { restartPolicy: "OnFailure", volumes: [{ name: "d", emptyDir: {} }] },
        );
        const ended = (podName: string, phase: string) =>
          until(`${podName} to end`, async () => at.pod(podName).then((pod) => pod.status?.phase === phase && pod));
        const well = await ended("well", "Succeeded");
        expect(states(well)?.state.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
        expect(await at.logs("well")).toBe("done\n");
        const ill = await ended("ill", "Failed");
        expect(states(ill)?.state.terminated).toMatchObject({ exitCode: 4, reason: "Error", message: "bad\n" });
        for (const podName of ["well", "ill", "retried"]) await remove(podName);
      });

      it("follows probes: unready when readiness fails, restarted when liveness does", async () => {
        const livenessProbe = {
          httpGet: { path: "/alive", port: 8080 },
          periodSeconds: 1,
          failureThreshold: 1,
          initialDelaySeconds: 1,
        };
        await createPod("probed", {
          livenessProbe,
          readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
        });
        const pod = await at.ready("probed");
        await at.ask(pod, "/set-ready?to=no");
        await until("unreadiness", async () => states(await at.pod("probed"))?.ready === false);
        await at.ask(pod, "/set-ready?to=yes");
        await at.ready("probed");
        await at.ask(pod, "/die-slowly");
        await until("the restart", async () =>
          at.pod("probed").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
        );
        const reasons = (await at.events("probed")).map(({ reason }) => reason);
        expect(reasons).toEqual(expect.arrayContaining(["Unhealthy", "Killing", "Started"]));
        await remove("probed");
      });
    });

    if (abilities.abandonKubelet) {
      it("finds its pods again after it was killed: the same processes, and none that nobody wants", async () => {
        if (world.abandonKubelet === undefined) throw new Error("this world's kubelet cannot be killed on its own");
        await createPod("kept", {});
        await createPod("unwanted", {});
        const [kept, unwanted] = await Promise.all([at.ready("kept"), at.ready("unwanted")]);
        const { pid } = JSON.parse(await at.ask(kept, "/"));
        const revive = await world.abandonKubelet();
        await at.client.delete(resources.pods, "unwanted", at.namespace, { gracePeriodSeconds: 0 });
        expect(JSON.parse(await at.ask(unwanted, "/")).name).toBe("unwanted");
        await revive();
        await until("the end of what nobody wants", () =>
          at.ask(unwanted, "/").then(
            () => false,
            () => true,
          ),
        );
        expect(JSON.parse(await at.ask(await at.ready("kept"), "/")).pid).toBe(pid);
        expect(states(await at.pod("kept"))?.restartCount).toBe(0);
        // An adopted process is watched: it restarts when it ends, and its log goes on.
        await at.ask(kept, "/kill");
        await until("the restart", async () =>
          at.pod("kept").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
        );
        await remove("kept");
      });
    }

    it("goes on without the API server, and tells it afterwards", async () => {
      await createPod("steady", {});
      const pod = await at.ready("steady");
      const revive = await world.killApiServer();
      const { pid } = JSON.parse(await at.ask(pod, "/"));
      await at.ask(pod, "/kill");
      await until("the restart without an API server", async () => JSON.parse(await at.ask(pod, "/")).pid !== pid);
      await revive();
      await until("the news", async () =>
        at.pod("steady").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
      );
      await remove("steady");
    });
  });
}
