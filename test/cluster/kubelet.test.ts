import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { loadKubeconfig } from "../../sandbox/client/index.ts";
import { startKubelet } from "../../sandbox/kubelet/index.ts";
import { startSchedulerOnly } from "../../sandbox/workloads/index.ts";
import { kubeletContract } from "../sandbox/kubelet-contract.ts";
import { findPrograms } from "./binaries.ts";
import { startControlPlane } from "./control-plane.ts";

const bin = findPrograms();
if (bin === undefined)
  describe("pods as processes, behind a real control plane", () =>
    it.skip("needs go, or the programs that build.sh makes", () => undefined));
else {
  kubeletContract("behind a real control plane", async () => {
    const plane = await startControlPlane(bin);
    const directory = mkdtempSync(join(tmpdir(), "cluster-kubelet-"));
    // With a node's own rights and no more: RBAC and the node authorizer are part of what is tried.
    const access = loadKubeconfig(await plane.kubeconfigFor("system:node:laptop", ["system:nodes"]));
    const serving = await plane.pki.certificate("laptop", "/CN=laptop", ["IP:127.0.0.1"]);
    const tls = { cert: readFileSync(serving.cert), key: readFileSync(serving.key), ca: readFileSync(plane.pki.ca) };
    const log = (message: string): void => console.warn(message);
    const start = () => startKubelet({ access, nodeName: "laptop", directory, tls, log });
    let kubelet = await start();
    await kubelet.registered;
    const scheduler = startSchedulerOnly({ access: loadKubeconfig(await plane.kubeconfigFor("system:kube-scheduler")), log });
    return {
      kubeconfig: plane.kubeconfig,
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
  });
}
