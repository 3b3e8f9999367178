/**
 * Rows of several batches in the order of a file's primary key, each key once: the row with the highest epoch wins, and of
 * equal epochs the one that came last. Deltas and bases are written from this; merging files is nothing else.
 *
 * Order: state rows by (partition, step, key), then parts by (step, part); texts by their UTF-8 bytes, as SQLite compares.
 */
import { Buffer } from "node:buffer";
import type { RowBatch } from "./types.ts";
import { rowKind } from "./rows.ts";

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
}
export interface SortOptions {
  /** Only rows with an epoch of at most this. */
  readonly upTo?: number;
  /** Whether removals of a partition's keys stay, as they have something older to remove; default they do. */
  readonly keepRemoved?: (partition: number) => boolean;
}

export function sortRows(batches: readonly RowBatch[], options: SortOptions = {}): SortedRows {
  const upTo = options.upTo ?? Number.POSITIVE_INFINITY;
  const steps = [...new Set(batches.flatMap((batch) => batch.steps))].toSorted(compareUtf8);
  const rank = new Map(steps.map((step, index) => [step, index]));
  const buffers = batches.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

  // Rows by group (partition and step); within a group only keys are left to compare.
  const groups = new Map<number, Row[]>();
  for (let b = 0; b < batches.length; b += 1) {
    const batch = batches[b] as RowBatch;
    const bytes = buffers[b] as Buffer;
    const ranks = batch.steps.map((step) => rank.get(step) as number);
    let at = 0;
    for (let r = 0; r < batch.rows; r += 1) {
      const row = at;
      const keyEnd = row + 19 + bytes.readUInt32LE(row + 15);
      at = keyEnd + 4 + bytes.readUInt32LE(keyEnd);
      const epoch = bytes.readDoubleLE(row + 7);
      if (epoch > upTo) continue;
      const kind = bytes[row] as number;
      const partition = bytes.readUInt32LE(row + 3);
      const step = ranks[bytes.readUInt16LE(row + 1)] as number;
      const group = (kind === rowKind.part ? 2 ** 32 : partition) * 65_536 + step;
      let rows = groups.get(group);
      if (rows === undefined) groups.set(group, (rows = []));
      rows.push({ bytes, row, keyEnd, epoch, prefix: keyPrefix(bytes, row + 19, keyEnd) });
    }
  }
  let order = [...groups.keys()].toSorted((a, b) => a - b);
  let count = 0;
  for (const group of order) {
    // The sort is stable, so that of equal keys and epochs the later one stays behind the earlier.
    let rows = lastOfEach((groups.get(group) as Row[]).toSorted(compareRows));
    if (options.keepRemoved?.(Math.floor(group / 65_536)) === false)
      rows = rows.filter(({ bytes, row }) => bytes[row] !== rowKind.removed);
    groups.set(group, rows);
    count += rows.length;
  }
  order = order.filter((group) => (groups.get(group) as Row[]).length > 0);
  const present = order.map((group) => Math.floor(group / 65_536));
  const used = new Set(order.map((group) => group % 65_536));
  return {
    count,
    steps: steps.filter((_, index) => used.has(index)),
    partitions: [...new Set(present)].filter((partition) => partition < 2 ** 32),
    parts: present.at(-1) === 2 ** 32,
    each,
    forEach(visit) {
      each(({ kind, partition, step, bytes, keyStart, keyEnd, valueStart, valueEnd }) => {
        visit(
          kind,
          partition,
          step,
          bytes.subarray(keyStart, keyEnd),
          valueEnd === -1 ? undefined : bytes.subarray(valueStart, valueEnd),
        );
      });
    },
  };

  function each(visit: (row: SortedRow) => void): void {
    const view: SortedRow = {
      kind: 0,
      partition: 0,
      step: "",
      bytes: Buffer.alloc(0),
      keyStart: 0,
      keyEnd: 0,
      valueStart: 0,
      valueEnd: 0,
    };
    for (const group of order) {
      const partition = Math.floor(group / 65_536);
      view.step = steps[group % 65_536] as string;
      for (const { bytes, row, keyEnd } of groups.get(group) as Row[]) {
        view.kind = bytes[row] as number;
        view.partition = view.kind === rowKind.part ? 0 : partition;
        view.bytes = bytes;
        view.keyStart = row + 19;
        view.keyEnd = keyEnd;
        view.valueStart = keyEnd + 4;
        view.valueEnd = view.kind === rowKind.removed ? -1 : keyEnd + 4 + bytes.readUInt32LE(keyEnd);
        visit(view);
      }
    }
  }
}

interface Row {
  readonly bytes: Buffer;
  readonly row: number;
  readonly keyEnd: number;
  readonly epoch: number;
  /** The key's first six bytes as a number: settles most comparisons. */
  readonly prefix: number;
}

function keyPrefix(bytes: Buffer, start: number, end: number): number {
  if (end - start >= 6) return bytes.readUIntBE(start, 6);
  // Padding with zeros keeps the order; equal prefixes are compared in full.
  return end === start ? 0 : bytes.readUIntBE(start, end - start) * 256 ** (6 - (end - start));
}
function compareKeys(a: Row, b: Row): number {
  return a.prefix - b.prefix || a.bytes.compare(b.bytes, b.row + 19, b.keyEnd, a.row + 19, a.keyEnd);
}
function compareRows(a: Row, b: Row): number {
  return compareKeys(a, b) || a.epoch - b.epoch;
}
function lastOfEach(rows: Row[]): Row[] {
  return rows.filter((row, index) => index === rows.length - 1 || compareKeys(row, rows[index + 1] as Row) !== 0);
}
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
