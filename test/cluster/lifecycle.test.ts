import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { controllerProcess } from "../e2e/controller-process.ts";
import { weirImage } from "../e2e/image.ts";
import { lifecycle } from "../e2e/lifecycle.ts";
import type { LifecycleWorld } from "../e2e/world.ts";
import { findPrograms } from "./binaries.ts";
import { clusterWorld } from "./cluster-world.ts";

const bin = findPrograms();

async function world(programs: string): Promise<LifecycleWorld> {
  const directory = mkdtempSync(join(tmpdir(), "weir-e2e-"));
  const shared = join(directory, "shared");
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const cluster = await clusterWorld(programs, { images: [weirImage] });
  return {
    kubeconfig: cluster.kubeconfig,
    kubectl: join(programs, "kubectl"),
    shared,
    controller: controllerProcess({ kubeconfig: cluster.kubeconfig, log: join(directory, "controller.log") }),
    killApiServer: cluster.killApiServer,
    killProcess: (pid) => void process.kill(pid, "SIGKILL"),
    async stop() {
      await cluster.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

if (bin !== undefined) lifecycle("behind a real control plane", () => world(bin));
else describe("a real control plane", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
