/**
 * One container of one pod: starts its process, watches it end, stops it in time. Invariant: at most one process of a container
 * runs at a time, and `record.process` names it for as long as it may.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pause, type Container, type ContainerState } from "../client/index.ts";
import { expand } from "./environment.ts";
import { runHandler, type HandlerContext } from "./handlers.ts";
import type { Image } from "./image.ts";
import { keepLog, logTail, removeLog, type LogKeeper } from "./log-file.ts";
import { startProbes } from "./probes.ts";
import { adoptProcess, startProcess, type ProcessExit, type RunningProcess } from "./process.ts";
import type { ContainerRecord } from "./record.ts";

/** What a start needs and the pod knows. */
export interface StartContext {
  readonly image: Image;
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly podIP: string;
  readonly rewrite: (text: string) => string;
  readonly locate: HandlerContext["locate"];
}

export interface ContainerHost {
  /** The container's own folder. */
  readonly folder: string;
  readonly logFolder: string;
  /** Its state changed: to be saved before this returns, and reported. */
  changed(): void;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

export interface ContainerRun {
  readonly spec: Container;
  readonly record: ContainerRecord;
  readonly running: () => boolean;
  readonly ready: () => boolean;
  readonly started: () => boolean;
  /** Throws when the process cannot be started; the record then shows why. */
  start(context: StartContext): Promise<void>;
  /** Takes over the process an earlier kubelet started; false when it is gone, and the record says so. */
  adopt(context: StartContext): boolean;
  /** Resolves when the process is gone: preStop, SIGTERM, and SIGKILL when `deadline()` (epoch ms, asked again and again) has passed. */
  stop(deadline: () => number): Promise<void>;
  /** Looks at it no longer, as a kubelet that was killed does. */
  abandon(): void;
  /** SIGKILL to the group, now. */
  kill(): void;
  logFile(previous: boolean): string;
}

const secondsOf = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");

export const terminationLog = (host: Pick<ContainerHost, "folder">): string => join(host.folder, "termination-log");

export function createContainer(spec: Container, record: ContainerRecord, host: ContainerHost): ContainerRun {
  let process: RunningProcess | undefined;
  let ready = false;
  let started = false;
  let probing = new AbortController();
  let handlers: HandlerContext | undefined;
  let log: LogKeeper | undefined;
  let stopping: Promise<void> | undefined;
  let ended = Promise.resolve();

  const logOf = (run: number): string => join(host.logFolder, `${run}.log`);

  const terminationMessage = (code: number): string | undefined => {
    const file = terminationLog(host);
    const written = existsSync(file) ? readFileSync(file, "utf8").slice(0, 4096) : "";
    if (written !== "") return written;
    const fallback = spec.terminationMessagePolicy === "FallbackToLogsOnError" && code !== 0;
    return fallback ? logTail(logOf(record.restartCount), 80, 2048) : undefined;
  };

  const finished = (exit: ProcessExit): void => {
    probing.abort();
    log?.close();
    process = undefined;
    ready = started = false;
    const unknown = exit.code === undefined && exit.signal === undefined;
    const exitCode = unknown ? 137 : (exit.code ?? 128 + (exit.signal ?? 0));
    const message = unknown ? "The container could not be located when the pod was terminated" : terminationMessage(exitCode);
    record.finishedAtMs = Date.now();
    record.state = {
      terminated: {
        exitCode,
        ...(exit.signal === undefined ? {} : { signal: exit.signal }),
        reason: unknown ? "ContainerStatusUnknown" : exitCode === 0 ? "Completed" : "Error",
        ...(message === undefined ? {} : { message }),
        startedAt: record.startedAtMs === undefined ? null : secondsOf(record.startedAtMs),
        finishedAt: secondsOf(record.finishedAtMs),
        ...(record.containerID === undefined ? {} : { containerID: record.containerID }),
      },
    };
    delete record.process;
    host.changed();
  };

  const watch = (running: RunningProcess, context: StartContext): void => {
    process = running;
    ready = started = false;
    probing = new AbortController();
    handlers = {
      container: spec,
      podIP: context.podIP,
      cwd: context.cwd,
      env: context.env,
      rewrite: context.rewrite,
      locate: context.locate,
    };
    log = keepLog(logOf(record.restartCount));
    ended = running.exited.then(finished);
  };

  const probe = (): void => {
    if (handlers === undefined) return;
    const restart = (kind: string, graceSeconds: number): void => {
      host.event("Normal", "Killing", `Container ${spec.name} failed ${kind.toLowerCase()} probe, will be restarted`);
      const deadline = Date.now() + graceSeconds * 1000;
      void run.stop(() => deadline);
    };
    startProbes(
      spec,
      handlers,
      {
        started() {
          started = true;
          host.changed();
        },
        ready(is) {
          ready = is;
          host.changed();
        },
        failed: (kind, failing) => restart(kind, failing.terminationGracePeriodSeconds ?? 30),
        unhealthy: (message) => host.event("Warning", "Unhealthy", message),
      },
      probing.signal,
    );
  };

  const hook = async (kind: "PostStart" | "PreStop", timeoutMs: number): Promise<boolean> => {
    const handler = kind === "PostStart" ? spec.lifecycle?.postStart : spec.lifecycle?.preStop;
    if (handler === undefined || handlers === undefined) return true;
    const result = await runHandler(handler, handlers, timeoutMs, "lifecycle hook");
    if (!result.ok) host.event("Warning", `Failed${kind}Hook`, `${kind}Hook failed: ${result.message}`);
    return result.ok;
  };

  const end = async (deadline: () => number): Promise<void> => {
    const target = process;
    if (target === undefined) return ended;
    const until = async (): Promise<void> => {
      // Looked at in small steps, because a second deletion may shorten it.
      while (Date.now() < deadline() && process === target)
        await Promise.race([ended, pause(Math.min(200, Math.max(1, deadline() - Date.now())))]);
    };
    if (spec.lifecycle?.preStop !== undefined) await Promise.race([hook("PreStop", Math.max(1, deadline() - Date.now())), until()]);
    if (Date.now() < deadline()) target.signal("SIGTERM");
    await until();
    target.killGroup();
    await ended;
    return undefined;
  };

  const run: ContainerRun = {
    spec,
    record,
    running: () => process !== undefined,
    ready: () => ready,
    started: () => started,
    async start(context) {
      mkdirSync(host.logFolder, { recursive: true });
      mkdirSync(host.folder, { recursive: true });
      rmSync(terminationLog(host), { force: true });
      const again = record.state.terminated ?? record.lastState.terminated;
      if (record.state.terminated !== undefined) record.lastState = { terminated: record.state.terminated };
      if (again !== undefined) record.restartCount++;
      removeLog(logOf(record.restartCount - 2));
      const shown = (words: readonly string[] | undefined): string[] =>
        (words ?? []).map((word) => context.rewrite(expand(word, context.env)));
      const { image } = context;
      const command =
        spec.command === undefined ? [...image.entrypoint, ...(spec.args === undefined ? image.cmd : [])] : shown(spec.command);
      const argv = [...command, ...shown(spec.args)];
      const id = createHash("sha256").update(`${host.folder}/${record.restartCount}/${Date.now()}`).digest("hex");
      record.containerID = `process://${id}`;
      record.startedAtMs = Date.now();
      delete record.interrupted;
      try {
        if (argv.length === 0) throw new Error("no command specified");
        const running = await startProcess({
          argv: argv as [string],
          cwd: context.cwd,
          env: context.env,
          logFile: logOf(record.restartCount),
        });
        record.process = { pid: running.pid, startTime: running.startTime };
        record.state = { running: { startedAt: secondsOf(record.startedAtMs) } };
        watch(running, context);
        host.changed();
      } catch (error) {
        const message = `failed to start ${JSON.stringify(argv[0] ?? "")}: ${(error as Error).message}`;
        const at = secondsOf(record.startedAtMs);
        record.finishedAtMs = record.startedAtMs;
        record.state = {
          terminated: {
            exitCode: 128,
            reason: "StartError",
            message,
            startedAt: at,
            finishedAt: at,
            containerID: record.containerID,
          },
        };
        host.changed();
        host.event("Warning", "Failed", `Error: ${message}`);
        throw error;
      }
      host.event("Normal", "Started", `Started container ${spec.name}`);
      if (await hook("PostStart", 600_000)) probe();
      else void run.stop(() => Date.now() + 30_000);
    },
    adopt(context) {
      const known = record.process;
      const running = known && adoptProcess(known.pid, known.startTime);
      if (running === undefined) {
        finished({ code: undefined, signal: undefined });
        return false;
      }
      watch(running, context);
      probe();
      return true;
    },
    stop(deadline) {
      stopping ??= end(deadline).finally(() => {
        stopping = undefined;
      });
      return stopping;
    },
    abandon() {
      probing.abort();
      log?.close();
    },
    kill: () => process?.killGroup(),
    logFile: (previous) => logOf(record.restartCount - (previous ? 1 : 0)),
  };
  return run;
}

export const freshRecord = (name: string, state: ContainerState): ContainerRecord => ({
  name,
  restartCount: 0,
  state,
  lastState: {},
  backOffMs: 0,
});
