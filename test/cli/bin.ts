/** Runs the real `weir` as a user does, in a process of its own, and waits for its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const checkout = fileURLToPath(new URL("../..", import.meta.url));
export const bin = fileURLToPath(new URL("../../bin/weir.js", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}
export interface WeirOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The Node to run it with; default this one. */
  readonly node?: string;
  /** Killed after this time; default 30 s. */
  readonly timeoutMs?: number;
}

export function startWeir(args: readonly string[], options: WeirOptions = {}): Started {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WEIR_") && name !== "NODE_OPTIONS"),
  );
  const child = spawn(options.node ?? process.execPath, [bin, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 30_000);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout, stderr });
    }),
  );
  return { child, ended };
}

export const weir = (args: readonly string[], options: WeirOptions = {}): Promise<Ended> => startWeir(args, options).ended;
