/**
 * Rows of several batches in the order of a file's primary key, each key once: the row with the highest epoch wins, and of
 * equal epochs the one that came last. Deltas and bases are written from this; merging files is nothing else.
 *
 * Order: state rows by (partition, step, key), then parts by (step, part); texts by their UTF-8 bytes, as SQLite compares.
 */
import { Buffer } from "node:buffer";
import type { RowBatch } from "./types.ts";
import { copyBytes } from "./copy-bytes.ts";
import { freeBytes } from "./free-bytes.ts";
import { readU32, rowKind } from "./rows.ts";
import type { SpareBuffers } from "./spare-buffers.ts";

/** Where a row is; the same object for each row, valid until the next. */
export interface SortedRow {
  kind: number;
  partition: number;
  step: string;
  bytes: Buffer;
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  /** -1 = removed. */
  valueEnd: number;
}
export interface SortedRows {
  readonly count: number;
  /** Packed, those of rows that were replaced included. */
  readonly bytes: number;
  /** Distinct steps, in the order of their UTF-8 bytes. */
  readonly steps: readonly string[];
  /** Partitions that have rows, ascending. */
  readonly partitions: readonly number[];
  /** Whether there are positions of sources and sinks. */
  readonly parts: boolean;
  /** Calls `visit` in order, and makes nothing per row. */
  each(visit: (row: SortedRow) => void): void;
  /** Calls `visit` in order. `key` and `value` are views into the batches; `value` undefined = removed. */
  forEach(visit: (kind: number, partition: number, step: string, key: Buffer, value: Buffer | undefined) => void): void;
  /** Gives the rows' memory back at once; they must not be visited any more. */
  release(): void;
}
export interface SortOptions {
  /** Only rows with an epoch of at most this. */
  readonly upTo?: number;
  /** Whether removals of a partition's keys stay, as they have something older to remove; default they do. */
  readonly keepRemoved?: (partition: number) => boolean;
  /** Where the rows' memory comes from, and goes back to. */
  readonly spare?: SpareBuffers | undefined;
}

export function sortRows(batches: readonly RowBatch[], options: SortOptions = {}): SortedRows {
  const upTo = options.upTo ?? Number.POSITIVE_INFINITY;
  const steps = [...new Set(batches.flatMap((batch) => batch.steps))].toSorted(compareUtf8);
  const rank = new Map(steps.map((step, index) => [step, index]));

  // Rows of one group are brought together first: what is sorted and read in the order of keys then fits the caches.
  const groups = new Map<number, Group>();
  let bytes = 0;
  let rows = 0;
  scan(batches, rank, upTo, (_source, row, end, id) => {
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { rows: 0, bytes: 0, at: 0, next: 0 }));
    group.rows += 1;
    group.bytes += end - row;
    rows += 1;
    bytes += end - row;
  });
  const ids = [...groups.keys()].toSorted((a, b) => a - b);
  const arena = options.spare?.borrow(bytes) ?? Buffer.allocUnsafeSlow(bytes);
  const starts = bytes < 2 ** 32 ? new Uint32Array(rows) : new Float64Array(rows);
  let at = 0;
  let next = 0;
  for (const id of ids) {
    const group = groups.get(id) as Group;
    group.at = at;
    group.next = next;
    at += group.bytes;
    next += group.rows;
  }
  scan(batches, rank, upTo, (source, row, end, id) => {
    const group = groups.get(id) as Group;
    starts[group.next] = group.at;
    group.next += 1;
    copyBytes(source, row, end, arena, group.at);
    group.at += end - row;
  });

  const compare = createRowOrder(arena, starts);
  const kept: { readonly id: number; readonly order: readonly number[] }[] = [];
  let count = 0;
  for (const id of ids) {
    const group = groups.get(id) as Group;
    // The sort is stable, so that of equal keys and epochs the later one stays behind the earlier.
    const all = Array.from({ length: group.rows }, (_, index) => group.next - group.rows + index).toSorted(compare.rows);
    let order = all.filter((row, index) => index === all.length - 1 || compare.keys(row, all[index + 1] as number) !== 0);
    if (options.keepRemoved?.(Math.floor(id / 65_536)) === false)
      order = order.filter((row) => arena[starts[row] as number] !== rowKind.removed);
    if (order.length === 0) continue;
    kept.push({ id, order });
    count += order.length;
  }
  const present = kept.map(({ id }) => Math.floor(id / 65_536));
  const used = new Set(kept.map(({ id }) => id % 65_536));
  return {
    count,
    bytes,
    steps: steps.filter((_, index) => used.has(index)),
    partitions: [...new Set(present)].filter((partition) => partition < 2 ** 32),
    parts: present.at(-1) === 2 ** 32,
    each,
    release() {
      (options.spare?.giveBack ?? freeBytes)(arena);
    },
    forEach(visit) {
      each(({ kind, partition, step, keyStart, keyEnd, valueStart, valueEnd }) => {
        visit(
          kind,
          partition,
          step,
          arena.subarray(keyStart, keyEnd),
          valueEnd === -1 ? undefined : arena.subarray(valueStart, valueEnd),
        );
      });
    },
  };

  function each(visit: (row: SortedRow) => void): void {
    const view: SortedRow = {
      kind: 0,
      partition: 0,
      step: "",
      bytes: arena,
      keyStart: 0,
      keyEnd: 0,
      valueStart: 0,
      valueEnd: 0,
    };
    for (const { id, order } of kept) {
      const partition = Math.floor(id / 65_536);
      view.step = steps[id % 65_536] as string;
      for (const row of order) {
        const start = starts[row] as number;
        view.kind = arena[start] as number;
        view.partition = view.kind === rowKind.part ? 0 : partition;
        view.keyStart = start + 19;
        view.keyEnd = view.keyStart + readU32(arena, start + 15);
        view.valueStart = view.keyEnd + 4;
        view.valueEnd = view.kind === rowKind.removed ? -1 : view.valueStart + readU32(arena, view.keyEnd);
        visit(view);
      }
    }
  }
}

/** Rows of a partition and step, or of a step's positions; within a group only keys are left to compare. */
interface Group {
  rows: number;
  bytes: number;
  /** Where its next row goes. */
  at: number;
  /** The number of that row. */
  next: number;
}

/** Visits the rows that are covered, as they came, with the id of the group of each. */
function scan(
  batches: readonly RowBatch[],
  rank: ReadonlyMap<string, number>,
  upTo: number,
  visit: (bytes: Buffer, row: number, end: number, group: number) => void,
): void {
  for (const batch of batches) {
    const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    const ranks = batch.steps.map((step) => rank.get(step) as number);
    let at = 0;
    for (let r = 0; r < batch.rows; r += 1) {
      const row = at;
      const keyEnd = row + 19 + readU32(bytes, row + 15);
      at = keyEnd + 4 + readU32(bytes, keyEnd);
      if (bytes.readDoubleLE(row + 7) > upTo) continue;
      const partition = bytes[row] === rowKind.part ? 2 ** 32 : readU32(bytes, row + 3);
      const step = ranks[(bytes[row + 1] as number) | ((bytes[row + 2] as number) << 8)] as number;
      visit(bytes, row, at, partition * 65_536 + step);
    }
  }
}

/** Orders rows by their number: by key, and of one key by epoch. */
function createRowOrder(arena: Buffer, starts: Uint32Array | Float64Array) {
  // A key's first six bytes as a number settle most comparisons.
  const prefixes = new Float64Array(starts.length);
  for (let row = 0; row < starts.length; row += 1) {
    const start = (starts[row] as number) + 19;
    prefixes[row] = keyPrefix(arena, start, start + readU32(arena, start - 4));
  }
  function keys(a: number, b: number): number {
    const difference = (prefixes[a] as number) - (prefixes[b] as number);
    if (difference !== 0) return difference;
    const startA = (starts[a] as number) + 19;
    const startB = (starts[b] as number) + 19;
    const lengthA = readU32(arena, startA - 4);
    const lengthB = readU32(arena, startB - 4);
    if (lengthA > 64 && lengthB > 64) return arena.compare(arena, startB, startB + lengthB, startA, startA + lengthA);
    const common = Math.min(lengthA, lengthB);
    for (let i = 0; i < common; i += 1) {
      const unequal = (arena[startA + i] as number) - (arena[startB + i] as number);
      if (unequal !== 0) return unequal;
    }
    return lengthA - lengthB;
  }
  return {
    keys,
    rows: (a: number, b: number): number =>
      keys(a, b) || arena.readDoubleLE((starts[a] as number) + 7) - arena.readDoubleLE((starts[b] as number) + 7),
  };
}

function keyPrefix(bytes: Buffer, start: number, end: number): number {
  const length = Math.min(end - start, 6);
  let prefix = 0;
  for (let i = 0; i < length; i += 1) prefix = prefix * 256 + (bytes[start + i] as number);
  // Padding with zeros keeps the order; equal prefixes are compared in full.
  return prefix * 256 ** (6 - length);
}
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
