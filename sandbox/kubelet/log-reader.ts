/** Reads a container's log as `kubectl logs` asks for it: the last lines, since a time, with times, and on and on. */
import { open, type FileHandle } from "node:fs/promises";
import { readTimes, type GrowthTime } from "./log-file.ts";
import { pause } from "../client/index.ts";

export interface LogQuery {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number | undefined;
  /** Epoch milliseconds. */
  readonly since?: number | undefined;
  readonly limitBytes?: number | undefined;
}

interface Line {
  readonly text: Buffer;
  readonly at: number;
}

const newline = 10;

/** The lines of one file from an offset, each with the end offset; the last may lack its newline. */
async function* linesOf(file: FileHandle, from: number, to: number): AsyncGenerator<{ text: Buffer; end: number }> {
  if (to <= from) return;
  let rest: Buffer = Buffer.alloc(0);
  let end = from;
  for await (const chunk of file.createReadStream({ start: from, end: to - 1, autoClose: false })) {
    let data: Buffer = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline)) {
      end += at + 1;
      yield { text: data.subarray(0, at + 1), end };
      data = data.subarray(at + 1);
    }
    rest = data;
  }
  if (rest.length > 0) yield { text: rest, end: end + rest.length };
}

function timeAt(times: readonly GrowthTime[], start: number, fallback: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as GrowthTime).size > start) high = middle;
    else low = middle + 1;
  }
  return times[low]?.at ?? fallback;
}

/** Opens a log file, or nothing when there is none. */
async function openLog(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

interface Part {
  readonly file: string;
  readonly handle: FileHandle;
}

const sizeOf = async (part: Part): Promise<number> => (await part.handle.stat()).size;

async function* timedLines({ file, handle }: Part, from: number, to: number): AsyncGenerator<Line & { end: number }> {
  const times = readTimes(file);
  for await (const { text, end } of linesOf(handle, from, to))
    yield { text, end, at: timeAt(times, end - text.length, Date.now()) };
}

/** Lines as they are written, from `offset` on, until the container has ended and all is read. */
async function* followLines(part: Part, offset: number, running: () => boolean, signal: AbortSignal): AsyncGenerator<Line> {
  let read = offset;
  while (!signal.aborted) {
    const live = running();
    const size = await sizeOf(part);
    if (size < read) {
      // Rotated: what was not read yet is in the copy.
      const handle = await openLog(`${part.file}.1`);
      if (handle !== undefined) {
        const copy = { file: `${part.file}.1`, handle };
        yield* timedLines(copy, read, await sizeOf(copy));
        await handle.close();
      }
      read = 0;
      continue;
    }
    for await (const line of timedLines(part, read, size)) {
      if (line.text.at(-1) !== newline && live) break;
      read = line.end;
      yield line;
    }
    if (!live && (await sizeOf(part)) <= read) return;
    await pause(100, signal);
  }
}

/** `running` says whether the container still writes; a follower ends when it does not and all is read, or at the abort. */
export async function* readLog(file: string, query: LogQuery, running: () => boolean, signal: AbortSignal): AsyncGenerator<Buffer> {
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  const show = (line: Line): Buffer => {
    const prefix = query.timestamps ? Buffer.from(`${new Date(line.at).toISOString().replace("Z", "000000Z")} `) : Buffer.alloc(0);
    const whole = Buffer.concat([prefix, line.text]).subarray(0, left);
    left -= whole.length;
    return whole;
  };
  // Held open from now on: a pod that is removed takes its folder along before the last lines are read.
  const parts: Part[] = [];
  for (const name of [`${file}.1`, file]) {
    const handle = await openLog(name);
    if (handle !== undefined) parts.push({ file: name, handle });
  }
  const current = parts.find((part) => part.file === file);
  try {
    // Kept as a window when only the last lines are wanted, else passed on at once.
    const window: Line[] = [];
    let offset = 0;
    for (const part of parts) {
      for await (const line of timedLines(part, 0, await sizeOf(part))) {
        if (part === current) {
          // An unfinished line is left to the follower, which shows it whole.
          if (query.follow && line.text.at(-1) !== newline && running()) break;
          offset = line.end;
        }
        if (query.since !== undefined && line.at < query.since) continue;
        if (query.tailLines === undefined) yield show(line);
        else {
          window.push(line);
          if (window.length > query.tailLines) window.shift();
        }
        if (left <= 0) return;
      }
    }
    for (const line of window) yield show(line);
    if (!query.follow || current === undefined) return;
    for await (const line of followLines(current, offset, running, signal)) {
      yield show(line);
      if (left <= 0) return;
    }
  } finally {
    for (const { handle } of parts) await handle.close();
  }
}
