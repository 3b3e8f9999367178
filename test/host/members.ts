/** Members of a flow that are started one by one, as pods are: by index and addresses, with a status server each. */
import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../runtime/host/free-ports.ts";
import type { WorkerStatus } from "../../runtime/host/status.ts";
import { bin } from "../cli/bin.ts";

export interface Members {
  start(index: number): void;
  readonly children: readonly ChildProcess[];
  /** What each has written to standard error. */
  errors(index: number): string;
  /** Resolves with the exit status, or the signal. */
  exited(index: number): Promise<number | NodeJS.Signals>;
  get(index: number, path: string): Promise<{ readonly status: number; readonly body: any }>;
  post(index: number, path: string, body?: object, token?: string): Promise<{ readonly status: number; readonly body: any }>;
  status(index: number): Promise<WorkerStatus | undefined>;
  until(what: string, holds: () => Promise<boolean | undefined> | boolean, timeoutMs?: number): Promise<void>;
  kill(): void;
}
const token = "a token for tests";

export async function members(
  count: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Members> {
  const ports = await freePorts(2 * count);
  const addresses = ports
    .slice(0, count)
    .map((port) => `127.0.0.1:${port}`)
    .join(",");
  const children: ChildProcess[] = [];
  const errors: string[] = [];
  const exits: Promise<number | NodeJS.Signals>[] = [];
  const origin = (index: number): string => `http://127.0.0.1:${ports[count + index]}`;
  const ask = async (url: string, init: RequestInit): Promise<{ status: number; body: any }> => {
    const response = await fetch(url, init);
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const given = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WEIR_") && name !== "NODE_OPTIONS"),
  );
  return {
    children,
    errors: (index) => errors[index] ?? "",
    start(index) {
      const own = ["--index", String(index), "--addresses", addresses, "--http-port", String(ports[count + index])];
      const child = fork(bin, ["run", ...args, ...own], {
        execArgv: [],
        env: { ...given, WEIR_TOKEN: token, WEIR_BIND: "127.0.0.1", ...env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      });
      children[index] = child;
      child.stderr!.on("data", (data: Buffer) => (errors[index] = (errors[index] ?? "") + data.toString()));
      exits[index] = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal!)));
    },
    exited: (index) => exits[index]!,
    get: (index, path) => ask(`${origin(index)}${path}`, { headers: { authorization: `Bearer ${token}` } }),
    post: (index, path, body = {}, shown = token) =>
      ask(`${origin(index)}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${shown}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    async status(index) {
      try {
        return (await ask(`${origin(index)}/status`, {})).body as WorkerStatus;
      } catch {
        // Its server is not up yet, or not any more.
        return undefined;
      }
    },
    async until(what, holds, timeoutMs = 30_000) {
      for (const deadline = performance.now() + timeoutMs; !(await holds()); await sleep(25)) {
        if (performance.now() > deadline) throw new Error(`still not: ${what}\n${errors.join("\n")}`);
      }
    },
    kill() {
      for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    },
  };
}
