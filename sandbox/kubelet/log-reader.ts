/** Reads a container's log as `kubectl logs` asks for it: the last lines, since a time, with times, and on and on. */
import { createReadStream, existsSync, statSync } from "node:fs";
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
async function* linesOf(file: string, from: number, to: number): AsyncGenerator<{ text: Buffer; end: number }> {
  if (to <= from) return;
  let rest: Buffer = Buffer.alloc(0);
  let end = from;
  for await (const chunk of createReadStream(file, { start: from, end: to - 1 })) {
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

/**
 * `running` says whether the container still writes; a follower ends when it does not and all is read, or at the abort.
 */
export async function* readLog(file: string, query: LogQuery, running: () => boolean, signal: AbortSignal): AsyncGenerator<Buffer> {
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  const show = (line: Line): Buffer => {
    const prefix = query.timestamps ? Buffer.from(`${new Date(line.at).toISOString().replace("Z", "000000Z")} `) : Buffer.alloc(0);
    const whole = Buffer.concat([prefix, line.text]).subarray(0, left);
    left -= whole.length;
    return whole;
  };
  const size = (of: string): number => (existsSync(of) ? statSync(of).size : 0);
  const segment = async function* (of: string, from: number, to: number): AsyncGenerator<Line & { end: number }> {
    const times = readTimes(of);
    for await (const { text, end } of linesOf(of, from, to)) yield { text, end, at: timeAt(times, end - text.length, Date.now()) };
  };

  // History: kept as a window of the last lines when only those are wanted, else passed on at once.
  const window: Line[] = [];
  let offset = 0;
  for (const part of [`${file}.1`, file]) {
    const to = size(part);
    for await (const line of segment(part, 0, to)) {
      // An unfinished line is left to the follower, which shows it whole.
      if (part === file) {
        if (query.follow && line.text.at(-1) !== newline && running()) break;
        offset = line.end;
      }
      if (query.since !== undefined && line.at < query.since) continue;
      if (query.tailLines === undefined) {
        yield show(line);
        if (left <= 0) return;
      } else {
        window.push(line);
        if (window.length > query.tailLines) window.shift();
      }
    }
  }
  for (const line of window) yield show(line);

  while (query.follow && left > 0 && !signal.aborted) {
    const live = running();
    const now = size(file);
    if (now < offset) {
      // Rotated: what was not read yet is in the copy.
      for await (const line of segment(`${file}.1`, offset, size(`${file}.1`))) yield show(line);
      offset = 0;
      continue;
    }
    for await (const line of segment(file, offset, now)) {
      if (line.text.at(-1) !== newline && live) break;
      offset = line.end;
      yield show(line);
      if (left <= 0) return;
    }
    if (!live && size(file) <= offset) return;
    await pause(100, signal);
  }
}
