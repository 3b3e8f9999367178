/**
 * Names of the immutable objects, and the position each holds: every row in a file is true at the close of `epoch` in
 * `execution`. A name is used by one writer once (an execution's number is claimed by one owner), so a file never changes.
 */
import type { DroppedStep, SnapshotFile } from "./types.ts";

/** Where a file stands in time; ordered by execution, then epoch. */
export interface Position {
  readonly execution: number;
  readonly epoch: number;
}
export interface FileName extends Position {
  readonly kind: "delta" | "merged" | "base" | "parts";
  /** Of a base; otherwise undefined. */
  readonly partition: number | undefined;
  /** Of a delta; otherwise undefined. */
  readonly process: number | undefined;
}

export const manifestName = "manifest.json";

export function deltaName(execution: number, epoch: number, process: number): string {
  return `delta/${digits(execution)}-${digits(epoch)}-${digits(process)}.sqlite.zst`;
}
/** Of a delta that is written in parts: all but the last, whose name is the delta's own. They sort, and so apply, before it. */
export function deltaPartName(execution: number, epoch: number, process: number, part: number): string {
  return `delta/${digits(execution)}-${digits(epoch)}-${digits(process)}-${digits(part)}.sqlite.zst`;
}
export function mergedDeltaName(execution: number, epoch: number, process: number): string {
  return `delta/${digits(execution)}-${digits(epoch)}-${digits(process)}-merged.sqlite.zst`;
}
/** `partition` "parts" names the base of source and sink positions. */
export function baseName(partition: number | "parts", execution: number, epoch: number): string {
  return `base/${partition === "parts" ? partition : digits(partition)}/${digits(execution)}-${digits(epoch)}.sqlite.zst`;
}

const deltaPattern = /^delta\/(\d+)-(\d+)-(\d+)(-merged|-\d+)?\.sqlite\.zst$/;
const basePattern = /^base\/(\d+|parts)\/(\d+)-(\d+)\.sqlite\.zst$/;

/** undefined when the name is none of ours. */
export function parseName(path: string): FileName | undefined {
  const delta = deltaPattern.exec(path);
  if (delta !== null) {
    const [, execution, epoch, process, ending] = delta;
    return {
      kind: ending === "-merged" ? "merged" : "delta",
      execution: Number(execution),
      epoch: Number(epoch),
      process: Number(process),
      partition: undefined,
    };
  }
  const base = basePattern.exec(path);
  if (base === null) return undefined;
  const [, partition, execution, epoch] = base;
  return {
    kind: partition === "parts" ? "parts" : "base",
    execution: Number(execution),
    epoch: Number(epoch),
    partition: partition === "parts" ? undefined : Number(partition),
    process: undefined,
  };
}

/** Of one process's rows rather than of one partition's; merged deltas included. */
export function isDelta(path: string): boolean {
  return deltaPattern.test(path);
}

export function comparePositions(a: Position, b: Position): number {
  return a.execution - b.execution || a.epoch - b.epoch;
}

/** The order in which files apply: bases by partition, then deltas by position. Total, so that every process agrees. */
export function inOrder(files: readonly SnapshotFile[]): SnapshotFile[] {
  return files
    .map((file) => ({ file, name: parseName(file.path) }))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || order(a.name, b.name) || (a.file.path < b.file.path ? -1 : 1))
    .map(({ file }) => file);
}

/** The position up to which rows of `step` are void, if its state was dropped. */
export function droppedAt(dropped: readonly DroppedStep[] | undefined, step: string): Position | undefined {
  return dropped?.findLast((entry) => entry.step === step);
}

function order(a: FileName | undefined, b: FileName | undefined): number {
  return a === undefined || b === undefined || rank(a) === 0 ? 0 : comparePositions(a, b);
}
function rank(name: FileName | undefined): number {
  return name?.kind === "base" || name?.kind === "parts" ? 0 : 1;
}
function digits(number: number): string {
  return String(number).padStart(10, "0");
}
