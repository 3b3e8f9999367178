/** What is left of a sandbox when it ends, by Ctrl-C or by SIGKILL, and what the next one makes of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../sandbox/index.ts";
import { resources, type KubernetesObject, type Pod } from "../../sandbox/client/index.ts";
import { startTimeOf } from "../../sandbox/kubelet/process.ts";
import { isReady, openWorld, until } from "./world.ts";

const member = join(import.meta.dirname, "fixtures", "member.mjs");

// One that has ended and that its parent has not asked about yet does not count.
const alive = (pid: number): boolean => startTimeOf(pid) !== undefined;

describe("a sandbox that ends", () => {
  let directory: string;
  let host: ChildProcess | undefined;
  let sandbox: Sandbox | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sandbox-restart-"));
  });
  afterEach(async () => {
    if (host?.exitCode === null && host.signalCode === null) host.kill("SIGKILL");
    // Also ends what a failed test has left: the next sandbox of the folder adopts it.
    sandbox ??= await startSandbox({ directory });
    await sandbox.stop();
    sandbox = host = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  const startHost = (): Promise<{ kubeconfig: string }> => {
    const started = spawn(process.execPath, [join(import.meta.dirname, "fixtures", "host.ts"), directory], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    host = started;
    return new Promise((done, fail) => {
      createInterface({ input: started.stdout }).once("line", (line) => done(JSON.parse(line) as { kubeconfig: string }));
      started.once("exit", (code) => fail(new Error(`the host ended with status ${code}`)));
    });
  };
  const ended = (): Promise<unknown> => new Promise((done) => (host as ChildProcess).once("exit", done));
  const open = (kubeconfig: string) =>
    openWorld({
      kubeconfig,
      locate: (host, port) => ({ host, port }),
    });
  const createSet = (at: ReturnType<typeof open>): Promise<KubernetesObject> =>
    at.client.create(resources.statefulSets, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "store", namespace: "default" },
      spec: {
        serviceName: "store",
        replicas: 2,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: { app: "store" } },
        volumeClaimTemplates: [
          { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } } },
        ],
        template: {
          metadata: { labels: { app: "store" } },
          spec: {
            terminationGracePeriodSeconds: 2,
            containers: [
              {
                name: "main",
                image: "test.invalid/member:1",
                command: ["node", member],
                env: [{ name: "FAREWELL", value: "/data/farewell" }],
                volumeMounts: [{ name: "data", mountPath: "/data" }],
                readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    } as KubernetesObject);
  const pids = async (at: ReturnType<typeof open>): Promise<number[]> => {
    const pods = await Promise.all(["store-0", "store-1"].map((name) => at.ready(name)));
    return Promise.all(pods.map(async (pod) => JSON.parse(await at.ask(pod, "/")).pid as number));
  };

  it.runIf(process.platform === "linux")("leaves nothing running after Ctrl-C, and finds all of it again", async () => {
    let at = open((await startHost()).kubeconfig);
    await createSet(at);
    const running = await pids(at);
    const before = await at.pod("store-0");
    at.client.close();
    // As a terminal does: to the whole process group.
    process.kill(-(host?.pid as number), "SIGINT");
    await ended();
    expect(running.filter(alive)).toEqual([]);

    sandbox = await startSandbox({ directory });
    at = open(sandbox.kubeconfig);
    const after = await until("the pod's return", async () =>
      at.pod("store-0").then((pod: Pod) => isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1 && pod),
    );
    expect(after.metadata.uid).toBe(before.metadata.uid);
    // Its SIGTERM was heard, and what it wrote to its claim is there.
    const path = await at.ask(after, "/env?name=FAREWELL");
    expect(await at.ask(after, `/file?path=${encodeURIComponent(path)}`)).toBe("farewell");
    at.client.close();
  });

  it.runIf(process.platform === "linux")("lets pods go on after SIGKILL, and adopts them", async () => {
    let at = open((await startHost()).kubeconfig);
    await createSet(at);
    const running = await pids(at);
    at.client.close();
    process.kill(host?.pid as number, "SIGKILL");
    await ended();
    expect(running.every(alive)).toBe(true);

    sandbox = await startSandbox({ directory });
    at = open(sandbox.kubeconfig);
    expect(await pids(at)).toEqual(running);
    const pod = await at.pod("store-0");
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    // Deleting works on adopted processes too, with their grace.
    await at.client.delete(resources.statefulSets, "store", "default", { propagationPolicy: "Background" });
    await Promise.all([at.gone("store-0"), at.gone("store-1")]);
    expect(running.filter(alive)).toEqual([]);
    at.client.close();
  });

  it("refuses a folder that another sandbox has", async () => {
    sandbox = await startSandbox({ directory });
    await expect(startSandbox({ directory })).rejects.toThrow(/in use by another sandbox/);
  });
});
