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
  /** In the order of their starts. */
  const children: ChildProcess[] = [];
  const end = async (child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  };
  const atExit = (): void => children.forEach((child) => child.kill("SIGKILL"));
  process.once("exit", atExit);
  const launch = (): void => {
    const out = openSync(options.log, "a");
    // A short lease: cases kill leaders, and wait for the next.
    const flags = ["--kubeconfig", options.kubeconfig, "--health-port", "0", "--lease-duration", "3000"];
    const pace = ["--lease-namespace", "weir-system", "--poll-interval", "500", "--status-interval", "1000"];
    const child = spawn(process.execPath, [command, "controller", ...flags, ...pace], {
      stdio: ["ignore", out, out],
      env: { ...process.env, ...options.environment },
    });
    closeSync(out);
    children.push(child);
    // As a Deployment does. Whom the API server left alone for too long gives up its lease and ends.
    child.once("exit", () => {
      const place = children.indexOf(child);
      if (place < 0) return;
      children.splice(place, 1);
      setTimeout(() => watching && launch(), 500);
    });
  };
  let watching = true;
  return {
    log: options.log,
    start: launch,
    kill: () => end(children.shift(), "SIGKILL"),
    async stop() {
      watching = false;
      process.removeListener("exit", atExit);
      await Promise.all(children.splice(0).map((child) => end(child, "SIGTERM")));
    },
  };
}
