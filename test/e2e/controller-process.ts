/** Runs the controller as its users do, `weir controller`, as a process that can be killed and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ControllerHandle } from "./world.ts";

const command = fileURLToPath(new URL("../../bin/weir.js", import.meta.url));

export function controllerProcess(options: {
  kubeconfig: string;
  log: string;
  environment?: Readonly<Record<string, string>>;
}): ControllerHandle {
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child?.once("exit", done));
    child.kill(signal);
    await gone;
  };
  const atExit = (): void => void child?.kill("SIGKILL");
  process.once("exit", atExit);
  return {
    log: options.log,
    start() {
      const out = openSync(options.log, "a");
      const flags = ["--kubeconfig", options.kubeconfig, "--health-port", "0", "--no-leader-elect"];
      child = spawn(process.execPath, [command, "controller", ...flags, "--poll-interval", "500", "--status-interval", "1000"], {
        stdio: ["ignore", out, out],
        env: { ...process.env, ...options.environment },
      });
      closeSync(out);
    },
    kill: () => end("SIGKILL"),
    async stop() {
      process.removeListener("exit", atExit);
      await end("SIGTERM");
    },
  };
}
