/**
 * A container is a process group on this machine. Invariants: the group's leader is known by (pid, start time), so a number that
 * the system has given to another process since is never signalled; when the leader ends, so does its group.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";

export interface ProcessExit {
  /** undefined: it ended while nobody who could ask was its parent. */
  readonly code: number | undefined;
  readonly signal: number | undefined;
}

export interface RunningProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly exited: Promise<ProcessExit>;
  /** To the leader only, as to process 1 of a container. */
  signal(name: NodeJS.Signals): void;
  killGroup(): void;
}

export interface ProcessSpec {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** Standard output and error are appended here, by the process itself: they do not need the kubelet to be alive. */
  readonly logFile: string;
}

const linux = process.platform === "linux";
const bootId =
  linux && existsSync("/proc/sys/kernel/random/boot_id") ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() : "";

/** When the process started, as text to compare; undefined when there is none, or only its unread exit status. */
export function startTimeOf(pid: number): string | undefined {
  if (!linux) {
    const shown = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" });
    const line = shown.stdout?.trim() ?? "";
    return line === "" || line.startsWith("Z") ? undefined : line.replace(/^\S+\s+/, "");
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may contain anything; the third is the state.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : `${bootId}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

export const isSame = (pid: number, startTime: string): boolean => startTimeOf(pid) === startTime;

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Starts the process as the leader of its own group. Rejects when the program cannot be started. */
export function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const log = openSync(spec.logFile, "a");
  const [program, ...words] = spec.argv;
  const child = spawn(program, words, { cwd: spec.cwd, env: spec.env, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  return new Promise((done, fail) => {
    child.once("error", fail);
    const pid = child.pid;
    if (pid === undefined) return;
    const exited = new Promise<ProcessExit>((exit) => {
      child.once("exit", (code, signal) => {
        send(-pid, "SIGKILL");
        exit({ code: code ?? undefined, signal: signal === null ? undefined : constants.signals[signal] });
      });
    });
    done({
      pid,
      startTime: startTimeOf(pid) ?? "",
      exited,
      signal: (name) => void (child.exitCode === null && child.signalCode === null && send(pid, name)),
      killGroup: () => void (child.exitCode === null && child.signalCode === null && send(-pid, "SIGKILL")),
    });
  });
}

/** Takes over a process that an earlier kubelet started. Its exit is noticed within half a second, its exit code is lost. */
export function adoptProcess(pid: number, startTime: string): RunningProcess | undefined {
  if (!isSame(pid, startTime)) return undefined;
  const exited = new Promise<ProcessExit>((exit) => {
    const timer = setInterval(() => {
      if (isSame(pid, startTime)) return;
      clearInterval(timer);
      // As long as nobody has the leader's number, the group of that number is the leader's own.
      if (startTimeOf(pid) === undefined) send(-pid, "SIGKILL");
      exit({ code: undefined, signal: undefined });
    }, 500);
  });
  const ifSame = (target: number, name: NodeJS.Signals): void => {
    if (isSame(pid, startTime)) send(target, name);
  };
  return { pid, startTime, exited, signal: (name) => ifSame(pid, name), killGroup: () => ifSame(-pid, "SIGKILL") };
}
