/**
 * The suites on a cluster that is there already: WEIR_E2E_KUBECONFIG is its administrator's kubeconfig.
 *
 * WEIR_E2E_SHARED       a folder that this machine and every node see under one path (default: one of the temporary directory; with
 *                       kind, list it under extraMounts)
 * WEIR_E2E_CONTROLLER   "process" (default) starts the controller here, which must reach the pods' addresses; "installed": it runs already
 * WEIR_E2E_KUBECTL      path of a kubectl: its table is tried too
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "vitest";
import { controllerProcess } from "./controller-process.ts";
import { kubectlTable } from "./kubectl-table.ts";
import { lifecycle } from "./lifecycle.ts";
import type { LifecycleWorld } from "./world.ts";

const { WEIR_E2E_KUBECONFIG: kubeconfig, WEIR_E2E_SHARED, WEIR_E2E_CONTROLLER = "process", WEIR_E2E_KUBECTL } = process.env;

async function givenWorld(config: string): Promise<LifecycleWorld> {
  const shared = WEIR_E2E_SHARED === undefined ? mkdtempSync(join(tmpdir(), "weir-e2e-")) : resolve(WEIR_E2E_SHARED);
  mkdirSync(shared, { recursive: true });
  chmodSync(shared, 0o777);
  return {
    kubeconfig: resolve(config),
    shared,
    ...(WEIR_E2E_CONTROLLER === "installed"
      ? {}
      : { controller: controllerProcess({ kubeconfig: resolve(config), log: join(shared, "controller.log") }) }),
    killWorker: killByEnvironment,
    stop: async () => undefined,
  };
}

/** In a container a process does not know the number that it has here; its environment tells whose it is. */
function killByEnvironment(pod: string): void {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      if (environment.includes(`WEIR_POD_NAME=${pod}`)) return void process.kill(Number(entry), "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
  throw new Error(`no process of this machine is the worker of ${pod}`);
}

if (kubeconfig === undefined) describe("a given cluster", () => it.skip("needs WEIR_E2E_KUBECONFIG", () => undefined));
else {
  lifecycle("on a given cluster", () => givenWorld(kubeconfig));
  if (WEIR_E2E_KUBECTL !== undefined) kubectlTable("on a given cluster", () => givenWorld(kubeconfig), WEIR_E2E_KUBECTL);
}
