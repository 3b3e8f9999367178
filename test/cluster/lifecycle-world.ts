/** A real control plane, with Weir's image standing for this checkout and the controller as a process beside it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controllerProcess } from "../e2e/controller-process.ts";
import { weirImage } from "../e2e/image.ts";
import type { LifecycleWorld } from "../e2e/world.ts";
import { clusterWorld } from "./cluster-world.ts";

/** `bin` is what findPrograms gives. */
export async function lifecycleWorld(bin: string): Promise<LifecycleWorld> {
  const directory = mkdtempSync(join(tmpdir(), "weir-e2e-"));
  const shared = join(directory, "shared");
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const cluster = await clusterWorld(bin, { images: [weirImage] });
  return {
    kubeconfig: cluster.kubeconfig,
    shared,
    // As itself: its rights are part of what is tried.
    controller: controllerProcess({
      kubeconfig: await cluster.kubeconfigFor("system:serviceaccount:weir-system:weir-controller"),
      log: join(directory, "controller.log"),
    }),
    killApiServer: cluster.killApiServer,
    killWorker: (_pod, pid) => void process.kill(pid, "SIGKILL"),
    async stop() {
      await cluster.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
