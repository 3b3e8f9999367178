/**
 * What a worker of a measured flow saw: when its source was first read, when its sink closed, and the figures its answer is made
 * of. Left as a file, since workers may be threads or processes; `readTallies` adds them up.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DynamicSink, PartitionedSource } from "weir";

export interface Tally {
  /** Starts the clock, at its first call. */
  begin(): void;
  /** When this worker's source was first read; before that, now. */
  begun(): number;
  end(figures: Readonly<Record<string, number | readonly number[]>>): void;
}
interface Report {
  readonly begin: number;
  readonly end: number;
  /** Milliseconds of all threads of this worker's process in between. */
  readonly cpu: number;
  readonly figures: Readonly<Record<string, number | readonly number[]>>;
}

/** Milliseconds since the Unix epoch, finer than Date.now; comparable between the threads and processes of a machine. */
export const instant = (): number => performance.timeOrigin + performance.now();

export function openTally(directory: string): Tally {
  let begin = Infinity;
  let used = process.cpuUsage();
  return {
    begin() {
      if (begin !== Infinity) return;
      begin = instant();
      used = process.cpuUsage();
    },
    begun: () => Math.min(begin, instant()),
    end(figures) {
      const now = instant();
      const { user, system } = process.cpuUsage(used);
      const report: Report = { begin: Math.min(begin, now), end: now, cpu: (user + system) / 1000, figures };
      mkdirSync(directory, { recursive: true });
      const path = join(directory, crypto.randomUUID());
      writeFileSync(`${path}.part`, JSON.stringify(report));
      renameSync(`${path}.part`, `${path}.json`);
    },
  };
}

/** The same source; the time runs from its first part. */
export function timed<T, S>(source: PartitionedSource<T, S>, tally: Tally): PartitionedSource<T, S> {
  return {
    ...source,
    buildPart(part, resume, context) {
      tally.begin();
      return source.buildPart(part, resume, context);
    },
  };
}

/** A sink that hands each batch to `take` and leaves `figures` behind when it closes. */
export function tallySink<T>(
  tally: Tally,
  take: (items: readonly T[]) => void,
  figures: () => Readonly<Record<string, number | readonly number[]>>,
): DynamicSink<T> {
  return {
    kind: "dynamic",
    build: () => ({
      writeBatch: take,
      close: () => tally.end(figures()),
    }),
  };
}

export interface Tallied {
  /** From the first read of any source to the end of the last sink. */
  readonly seconds: number;
  readonly begin: number;
  readonly end: number;
  /** Milliseconds of all threads of one process, of the one that used most. A busy machine changes it less than it does `seconds`. */
  readonly cpu: number;
  /** Figures of all workers, added up. */
  sum(figure: string): number;
  /** Lists of all workers, joined. */
  list(figure: string): number[];
}

export function readTallies(directory: string): Tallied {
  const reports = readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")) as Report);
  if (reports.length === 0) throw new Error(`no worker left a report in ${directory}`);
  const begin = Math.min(...reports.map((report) => report.begin));
  const end = Math.max(...reports.map((report) => report.end));
  return {
    begin,
    end,
    seconds: (end - begin) / 1000,
    cpu: Math.max(...reports.map((report) => report.cpu)),
    sum: (figure) => reports.reduce((sum, { figures }) => sum + Number(figures[figure] ?? 0), 0),
    list: (figure) => reports.flatMap(({ figures }) => figures[figure] ?? []),
  };
}
