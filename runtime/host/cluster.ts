/**
 * `weir run -p N` on one machine: starts N processes that form a mesh on loopback, shows their progress as one, and stops them
 * together. With a recovery store a process that dies is started again and the others wait for it; without one the flow fails.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
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
  /** It leaves by itself. */
  | { readonly kind: "ended"; readonly how: "completed" | "drained" | "crashed" };

export interface ClusterOptions {
  readonly processes: number;
  /** Member i serves HTTP at this port + i. */
  readonly httpPort?: number | undefined;
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
  const given = { ...process.env, ...options.env };
  const shared = {
    ...given,
    WEIR_TOKEN: given.WEIR_TOKEN || randomBytes(24).toString("hex"),
    WEIR_BIND: "127.0.0.1",
    WEIR_MEMBER: "1",
    // A member that starts again must not go back to an earlier snapshot again.
    WEIR_RESTORE_ID: given.WEIR_RESTORE_ID || randomUUID(),
    WEIR_HTTP_PORT: "",
    WEIR_POD_NAME: "",
    WEIR_POD_IP: "",
  };
  const members: ChildProcess[] = [];
  const statuses = new Map<number, WorkerStatus>();
  const left = new Set<number>();
  let stopping = false;
  /** One has said that the flow is complete: that is so for all, and who dies now is not awaited by anybody. */
  let complete = false;
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
    const own = ["--processes", String(options.processes), "--index", String(index), "--addresses", addresses];
    if (options.httpPort !== undefined) own.push("--http-port", String(options.httpPort + index));
    const member = fork(command, ["run", ...options.args, ...own], {
      execArgv: [],
      env: shared,
      stdio: [options.stdio ?? "inherit", options.stdio ?? "inherit", options.stdio ?? "inherit", "ipc"],
    });
    members[index] = member;
    let failure: WeirError | undefined;
    let how: "completed" | "drained" | "crashed" | undefined;
    member.on("error", (error) =>
      failWith(new WeirError("WEIR_PEER_LOST", `process ${index} could not be started: ${error.message}`, { cause: error })),
    );
    member.on("message", (report: MemberReport) => {
      if (report.kind === "status") {
        statuses.set(index, report.status);
        options.progress?.show([...statuses.values()].toSorted((a, b) => a.process - b.process));
      } else if (report.kind === "ended") {
        how = report.how;
        if (how === "completed") complete = true;
        if (how !== "crashed") return;
        stop("SIGKILL");
        settle.resolve();
      } else {
        const { code, message, step, stack } = report.error;
        const cause = stack === undefined ? undefined : Object.assign(new Error(message), { stack });
        failure = new WeirError(code, message, { step, cause });
      }
    });
    member.on("exit", (code, signal) => {
      if (failure !== undefined) return failWith(failure);
      // One that somebody else asked to go is awaited by the others, unless all of them go.
      const awaited = how === "drained" && options.restart && !stopping;
      if (stopping || complete || (code === 0 && !awaited)) {
        left.add(index);
        if (left.size === options.processes) settle.resolve();
        return;
      }
      const why = signal === null ? `status ${code}` : signal;
      const quick = performance.now() - startedAt < 10_000;
      if (!options.restart || (quick && restarts >= restartsInARow)) {
        return failWith(
          new WeirError(
            "WEIR_PEER_LOST",
            `process ${index} ended with ${why}${options.restart ? ` ${restarts + 1} times in a row` : ""}`,
          ),
        );
      }
      start(index, quick ? restarts + 1 : 0);
    });
  };
  for (let index = 0; index < options.processes; index++) start(index, 0);
  return { finished, members, stop };
}
