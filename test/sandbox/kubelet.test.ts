import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../sandbox/index.ts";
import { kubeletContract } from "./kubelet-contract.ts";

kubeletContract("in the sandbox", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sandbox-kubelet-"));
  const sandbox = await startSandbox({ directory, log: (message) => console.warn(message) });
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
});
