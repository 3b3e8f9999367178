/**
 * `weir run -p N` on one machine: starts N processes that form a mesh on loopback, shows their progress as one, and stops them
 * together. With a recovery store a process that dies is started again and the others wait for it; without one the flow fails.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type ErrorCode, WeirError } from "../errors/index.ts";
import { freePorts } from "./free-ports.ts";
import type { ProgressLine } from "./progress-line.ts";
import type { WorkerStatus } from "./status.ts";

/** What a member tells the process that started it. */
export type MemberReport =
  | { readonly kind: "status"; readonly status: WorkerStatus }
  | {
      readonly kind: "failed";
      readonly error: { readonly code: ErrorCode; readonly message: string; readonly step?: string; readonly stack?: string };
    }
  | { readonly kind: "aborted" };

export interface ClusterOptions {
  readonly processes: number;
  /** Arguments of `weir run` that every member gets. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Start a member again when it dies. */
  readonly restart: boolean;
  readonly progress?: ProgressLine | undefined;
  /** Members' standard output and error; default: ours. */
  readonly stdio?: "inherit" | "ignore";
}

export interface Cluster {
  /** Resolves when all members have left by themselves, rejects with the first failure. */
  readonly finished: Promise<void>;
  readonly members: readonly ChildProcess[];
  /** Asks all members to take a snapshot and leave. */
  stop(): void;
}

const command = fileURLToPath(new URL("../../bin/weir.js", import.meta.url));
const restartsInARow = 5;

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const ports = await freePorts(options.processes);
  const addresses = ports.map((port) => `127.0.0.1:${port}`).join(",");
  const token = randomBytes(24).toString("hex");
  const members: ChildProcess[] = [];
  const statuses = new Map<number, WorkerStatus>();
  const left = new Set<number>();
  let stopping = false;
  let settle: { resolve(): void; reject(error: Error): void };
  const finished = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));

  const stop = (signal: NodeJS.Signals = "SIGTERM"): void => {
    stopping = true;
    for (const member of members) if (member.exitCode === null && member.signalCode === null) member.kill(signal);
  };
  const failWith = (error: WeirError): void => {
    settle.reject(error);
    stop("SIGKILL");
  };

  const start = (index: number, restarts: number): void => {
    const startedAt = performance.now();
    const member = fork(command, ["run", ...options.args, "--index", String(index), "--addresses", addresses], {
      execArgv: [],
      env: { ...process.env, ...options.env, WEIR_TOKEN: token, WEIR_BIND: "127.0.0.1", WEIR_MEMBER: "1" },
      stdio: [options.stdio ?? "inherit", options.stdio ?? "inherit", options.stdio ?? "inherit", "ipc"],
    });
    members[index] = member;
    let failure: WeirError | undefined;
    member.on("message", (report: MemberReport) => {
      if (report.kind === "status") {
        statuses.set(index, report.status);
        options.progress?.show([...statuses.values()].toSorted((a, b) => a.process - b.process));
      } else if (report.kind === "aborted") {
        stop("SIGKILL");
        settle.resolve();
      } else {
        const { code, message, step, stack } = report.error;
        const cause = stack === undefined ? undefined : Object.assign(new Error(message), { stack });
        failure = new WeirError(code, message, { step, cause });
      }
    });
    member.on("exit", (code, signal) => {
      if (code === 0) {
        left.add(index);
        if (left.size === options.processes) settle.resolve();
        return;
      }
      if (failure !== undefined) return failWith(failure);
      const how = signal === null ? `status ${code}` : signal;
      if (stopping) {
        left.add(index);
        if (left.size === options.processes) settle.resolve();
        return;
      }
      const quick = performance.now() - startedAt < 10_000;
      if (!options.restart || (quick && restarts >= restartsInARow)) {
        return failWith(
          new WeirError(
            "WEIR_PEER_LOST",
            `process ${index} ended with ${how}${options.restart ? ` ${restarts + 1} times in a row` : ""}`,
          ),
        );
      }
      start(index, quick ? restarts + 1 : 0);
    });
  };
  for (let index = 0; index < options.processes; index++) start(index, 0);
  return { finished, members, stop };
}
