/** The sandbox as the lifecycle suite wants its world: Weir's image is this checkout. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../sandbox/index.ts";
import { controllerProcess } from "./controller-process.ts";
import { weirImage } from "./image.ts";
import type { LifecycleWorld } from "./world.ts";

export async function sandboxWorld(): Promise<LifecycleWorld> {
  const directory = mkdtempSync(join(tmpdir(), "weir-e2e-"));
  const shared = join(directory, "shared");
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const sandbox = await startSandbox({
    directory: join(directory, "sandbox"),
    images: [weirImage],
    log: (message) => console.warn(message),
  });
  const controller = controllerProcess({
    kubeconfig: sandbox.kubeconfig,
    log: join(directory, "controller.log"),
    environment: sandbox.environment,
  });
  return {
    kubeconfig: sandbox.kubeconfig,
    shared,
    controller,
    async killApiServer() {
      await sandbox.apiServer.kill();
      return () => sandbox.apiServer.start();
    },
    killWorker: (_pod, pid) => void process.kill(pid, "SIGKILL"),
    async stop() {
      await sandbox.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
