/**
 * A container's log as files. The process appends by itself (it must be able to write while no kubelet runs); who keeps the log looks at its size
 * several times a second and notes when it had grown to what:
 *
 *     <n>.log        what the n-th run of the container wrote        <n>.log.1        the same, before the last rotation
 *     <n>.log.times  "<size> <epoch ms>" a line, ascending           <n>.log.1.times
 *
 * So a line's time is right to about a quarter of a second. Rotation copies and truncates, since the process cannot be told to open
 * another file; what it writes between the last copy and the truncation, some microseconds, is lost.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  readSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";

export interface LogKeeper {
  /** Looks a last time and stops. */
  close(): void;
}

export interface LogLimits {
  readonly maxBytes: number;
  readonly lookEveryMs: number;
}

export const defaultLogLimits: LogLimits = { maxBytes: 10 * 2 ** 20, lookEveryMs: 250 };

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);
const timesOf = (file: string): string => `${file}.times`;

function rotate(file: string): void {
  copyFileSync(file, `${file}.1`);
  let copied = sizeOf(`${file}.1`);
  // What was written while the bulk was copied; each round is shorter than the last.
  for (let more = sizeOf(file); more > copied; more = sizeOf(file)) {
    const tail = Buffer.alloc(more - copied);
    const from = openSync(file, "r");
    readSync(from, tail, 0, tail.length, copied);
    closeSync(from);
    appendFileSync(`${file}.1`, tail);
    copied = more;
  }
  truncateSync(file, 0);
  if (existsSync(timesOf(file))) renameSync(timesOf(file), timesOf(`${file}.1`));
}

export function keepLog(file: string, limits: LogLimits = defaultLogLimits): LogKeeper {
  let seen = readTimes(file).at(-1)?.size ?? 0;
  const look = (): void => {
    const size = sizeOf(file);
    if (size > seen) appendFileSync(timesOf(file), `${size} ${Date.now()}\n`);
    seen = size;
    if (size <= limits.maxBytes) return;
    rotate(file);
    seen = 0;
  };
  const timer = setInterval(look, limits.lookEveryMs);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      look();
    },
  };
}

export interface GrowthTime {
  readonly size: number;
  readonly at: number;
}

export function readTimes(file: string): GrowthTime[] {
  if (!existsSync(timesOf(file))) return [];
  return readFileSync(timesOf(file), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [size, at] = line.split(" ");
      return { size: Number(size), at: Number(at) };
    });
}

export function removeLog(file: string): void {
  for (const name of [file, timesOf(file), `${file}.1`, timesOf(`${file}.1`)]) rmSync(name, { force: true });
}

/** The last `lines` lines, at most `bytes`, as a termination message shows them. */
export function logTail(file: string, lines: number, bytes: number): string {
  if (!existsSync(file)) return "";
  const size = sizeOf(file);
  const from = Math.max(0, size - bytes);
  const data = Buffer.alloc(size - from);
  const handle = openSync(file, "r");
  readSync(handle, data, 0, data.length, from);
  closeSync(handle);
  return data
    .toString("utf8")
    .split("\n")
    .slice(-lines - 1)
    .join("\n");
}
