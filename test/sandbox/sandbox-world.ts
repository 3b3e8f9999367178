/** A sandbox in a folder of its own, as the suites want their world. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, type SandboxOptions } from "../../sandbox/index.ts";
import type { World } from "./world.ts";

export async function sandboxWorld(options: Partial<SandboxOptions> = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "sandbox-test-"));
  const sandbox = await startSandbox({ ...options, directory, log: (message) => console.warn(message) });
  return {
    kubeconfig: sandbox.kubeconfig,
    locate: sandbox.locate,
    async killApiServer() {
      await sandbox.apiServer.kill();
      return () => sandbox.apiServer.start();
    },
    async stop() {
      await sandbox.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
