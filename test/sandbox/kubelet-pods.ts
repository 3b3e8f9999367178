/** What a single pod may expect of the kubelet. Each case has pods of its own, side by side with the others. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { resources, type Container, type KubernetesObject } from "../../sandbox/client/index.ts";
import { until } from "./world.ts";
import type { KubeletWorld } from "./kubelet-world.ts";

const script = (text: string): Partial<Container> => ({ command: ["node", "-e", text] });

export function podCases(kubelet: KubeletWorld): void {
  const { container, createPod, bare, remove, states } = kubelet;
  describe.concurrent("a pod", () => {
    it("lets a deleted pod end in its grace period, and kills one that does not", async () => {
      const [polite, stubborn] = ["polite", "stubborn"];
      await createPod(polite, { env: [{ name: "LINGER", value: "400" }] });
      await createPod(stubborn, { env: [{ name: "STUBBORN", value: "yes" }] }, { terminationGracePeriodSeconds: 1 });
      await Promise.all([kubelet.at.ready(polite), kubelet.at.ready(stubborn)]);
      const following = kubelet.at.logs(polite, { follow: "true" });
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
      await kubelet.at.ready(pod.metadata.name);
      const following = kubelet.at.logs("hooked", { follow: "true" });
      await sleep(200);
      await remove("hooked");
      const lines = (await following).trim().split("\n");
      expect(lines).toEqual(["hooked listens", "preStop", "SIGTERM"]);
    });

    it("serves logs: all, the last lines, with times, of the run before, and on and on", async () => {
      await createPod("talker", {});
      const pod = await kubelet.at.ready("talker");
      const following = kubelet.at.logs("talker", { follow: "true" });
      for (const text of ["one", "two", "three"]) await kubelet.at.ask(pod, `/say?text=${text}`);
      expect(await until("all lines", async () => kubelet.at.logs("talker").then((text) => text.includes("three") && text))).toBe(
        "talker listens\none\ntwo\nthree\n",
      );
      expect(await kubelet.at.logs("talker", { tailLines: "2" })).toBe("two\nthree\n");
      expect(await until("times", async () => kubelet.at.logs("talker", { timestamps: "true", tailLines: "1" }))).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
      );
      expect(await kubelet.at.logs("talker", { sinceSeconds: "3600", limitBytes: "6" })).toBe("talker");
      await kubelet.at.ask(pod, "/kill");
      await until("the restart", async () =>
        kubelet.at.pod("talker").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
      );
      expect(await following).toBe("talker listens\none\ntwo\nthree\n");
      expect(await kubelet.at.logs("talker", { previous: "true" })).toBe("talker listens\none\ntwo\nthree\n");
      expect(await kubelet.at.logs("talker")).toBe("talker listens\n");
      await remove("talker");
    });

    it("backs off from a container that keeps failing, and shows its message", async () => {
      const text = `require('fs').writeFileSync(process.argv[1], 'no luck'); process.exit(3)`;
      await createPod("looper", { ...bare, command: ["node", "-e", text, "/dev/termination-log"] });
      const pod = await until("the crash loop", async () =>
        kubelet.at
          .pod("looper")
          .then(
            (found) =>
              states(found)?.state.waiting?.reason === "CrashLoopBackOff" && (states(found)?.restartCount ?? 0) >= 1 && found,
          ),
      );
      expect(pod.status?.phase).toBe("Running");
      expect(states(pod)?.lastState.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "no luck" });
      expect(states(pod)?.state.waiting?.message).toMatch(/^back-off .* restarting failed container=main pod=looper_default/);
      await until("the event", async () => (await kubelet.at.events("looper")).some(({ reason }) => reason === "BackOff"));
      await remove("looper");
    });

    it("says what is wrong with an image that is no program here", async () => {
      await createPod("imageless", { ...bare, image: "registry.example/nothing:1", command: undefined as never });
      const pod = await until("the refusal", async () =>
        kubelet.at
          .pod("imageless")
          .then((found) => /^(ErrImagePull|ImagePullBackOff)$/.test(states(found)?.state.waiting?.reason ?? "") && found),
      );
      expect(pod.status?.phase).toBe("Pending");
      expect(states(pod)?.state.waiting?.message).toContain("registry.example/nothing:1");
      await remove("imageless");
    });

    it("writes configuration into files and the environment, and keeps the files up to date", async () => {
      const [config, secret] = ["settings", "keys"];
      const meta = (of: string) => ({ name: of, namespace: kubelet.at.namespace });
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
        (await kubelet.at.events("configured")).some(
          ({ reason, message }) => reason === "FailedMount" && message.includes("not found"),
        ),
      );
      await kubelet.at.client.create(resources.configMaps, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: meta(config),
        data: { colour: "red" },
      } as KubernetesObject);
      await kubelet.at.client.create(resources.secrets, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: meta(secret),
        stringData: { token: "s3cret" },
      } as KubernetesObject);
      const pod = await kubelet.at.ready("configured");
      const env = (of: string) => kubelet.at.ask(pod, `/env?name=${of}`);
      expect(await Promise.all(["NAME", "GREETING", "COLOUR", "S_token", "LIMIT"].map(env))).toEqual([
        "configured",
        "hello configured, $(NAME) $(UNKNOWN)",
        "red",
        "s3cret",
        "64",
      ]);
      const file = async (of: string) =>
        kubelet.at.ask(pod, `/file?path=${encodeURIComponent((await env(of)).replace("file://", ""))}`);
      expect(await file("FILE")).toBe("red");
      expect(await file("KEY_FILE")).toBe("s3cret");
      expect(await file("LABELS")).toBe('pod="configured"');
      await kubelet.at.client.merge(resources.configMaps, config, kubelet.at.namespace, { data: { colour: "blue" } });
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
      const pod = await kubelet.at.ready("prepared");
      expect(await kubelet.at.ask(pod, `/file?path=${encodeURIComponent(await kubelet.at.ask(pod, "/env?name=ORDER"))}`)).toBe(
        "first second ",
      );
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
        until(`${podName} to end`, async () => kubelet.at.pod(podName).then((pod) => pod.status?.phase === phase && pod));
      const well = await ended("well", "Succeeded");
      expect(states(well)?.state.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
      expect(await kubelet.at.logs("well")).toBe("done\n");
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
      const pod = await kubelet.at.ready("probed");
      await kubelet.at.ask(pod, "/set-ready?to=no");
      await until("unreadiness", async () => states(await kubelet.at.pod("probed"))?.ready === false);
      await kubelet.at.ask(pod, "/set-ready?to=yes");
      await kubelet.at.ready("probed");
      await kubelet.at.ask(pod, "/die-slowly");
      await until("the restart", async () =>
        kubelet.at.pod("probed").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
      );
      const reasons = (await kubelet.at.events("probed")).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(["Unhealthy", "Killing", "Started"]));
      await remove("probed");
    });
  });
}
