/** A real control plane with the sandbox's kubelet as its one node and the sandbox's binder as its scheduler. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadKubeconfig } from "../../sandbox/client/index.ts";
import { startKubelet, type ImageMapping } from "../../sandbox/kubelet/index.ts";
import { startSchedulerOnly } from "../../sandbox/workloads/index.ts";
import type { World } from "../sandbox/world.ts";
import { startControlPlane } from "./control-plane.ts";

export interface ClusterWorldOptions {
  readonly images?: readonly ImageMapping[];
}

export interface ClusterWorld extends Required<World> {
  /** Path of a kubeconfig for a user who may do what the cluster's roles say. */
  kubeconfigFor(user: string): Promise<string>;
}

/** `bin` is what findPrograms gives. */
export async function clusterWorld(bin: string, options: ClusterWorldOptions = {}): Promise<ClusterWorld> {
  const plane = await startControlPlane(bin);
  const directory = mkdtempSync(join(tmpdir(), "cluster-kubelet-"));
  // With a node's own rights and no more: RBAC and the node authorizer are part of what is tried.
  const access = loadKubeconfig(await plane.kubeconfigFor("system:node:laptop", ["system:nodes"]));
  const serving = await plane.pki.certificate("laptop", "/CN=laptop", ["IP:127.0.0.1"]);
  const tls = { cert: readFileSync(serving.cert), key: readFileSync(serving.key), ca: readFileSync(plane.pki.ca) };
  const log = (message: string): void => console.warn(message);
  const start = () => startKubelet({ access, nodeName: "laptop", directory, tls, log, images: options.images });
  let kubelet = await start();
  await kubelet.registered;
  const scheduler = startSchedulerOnly({ access: loadKubeconfig(await plane.kubeconfigFor("system:kube-scheduler")), log });
  return {
    kubeconfig: plane.kubeconfig,
    kubeconfigFor: (user) => plane.kubeconfigFor(user),
    locate: (podIP, port) => kubelet.locate(podIP, port),
    async abandonKubelet() {
      await kubelet.abandon();
      return async () => {
        kubelet = await start();
        await kubelet.registered;
      };
    },
    async killApiServer() {
      await plane.kill("kube-apiserver");
      return () => plane.start("kube-apiserver");
    },
    async stop() {
      await scheduler.stop();
      await kubelet.stop();
      await plane.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
