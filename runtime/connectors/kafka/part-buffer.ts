/**
 * What was fetched of one partition and not handed on yet. Batches stay as the broker sent them until their records are asked for, so
 * that what waits is bounded by bytes, and compressed as it came.
 *
 * Invariant: `position` is the offset after the last record handed on; it passes offsets that give no record (control batches,
 * aborted transactions, what compaction took away) once everything before them was handed on.
 */
import type { AbortedTransaction } from "./fetch-answer.ts";
import {
  type BatchCursor,
  type BatchHeader,
  type Decompress,
  isAbort,
  isControl,
  isTransactional,
  type MakeRecord,
  openBatch,
  readBatchHeader,
  readRecords,
} from "./record-batch.ts";

export interface PartBuffer<T> {
  /** The next offset to hand on. */
  readonly position: number;
  /** The next offset to fetch. */
  readonly fetchAt: number;
  readonly bytes: number;
  readonly empty: boolean;
  /** Takes what a fetch at `fetchAt` has brought. True if it brought at least one whole batch. */
  push(records: Buffer, aborted: readonly AbortedTransaction[]): boolean;
  /** Up to `max` records in order; none when nothing is here, or nothing but what is skipped. */
  take(max: number): T[];
  /** Drops everything and goes on elsewhere. */
  seek(offset: number): void;
}

interface Segment {
  readonly records: Buffer;
  readonly at: number;
  readonly header: BatchHeader;
  /** Nothing in it is to be handed on. */
  readonly skip: boolean;
}

export interface PartBufferOptions<T> {
  readonly from: number;
  /** Nothing of this offset or later is handed on; the position stops there. Infinity = no end. */
  readonly until: number;
  /** Leave out records of transactions that were aborted. */
  readonly readCommitted: boolean;
  readonly decompress: Decompress;
  readonly make: MakeRecord<T>;
}

export function createPartBuffer<T>(options: PartBufferOptions<T>): PartBuffer<T> {
  const { until, readCommitted, decompress, make } = options;
  let position = options.from;
  let fetchAt = options.from;
  let bytes = 0;
  let segments: Segment[] = [];
  let head = 0;
  let cursor: BatchCursor | undefined;

  const shift = (segment: Segment): void => {
    head++;
    if (head > 64 && head * 2 > segments.length) {
      segments = segments.slice(head);
      head = 0;
    }
    bytes -= segment.header.bytes;
    cursor = undefined;
    position = Math.min(until, Math.max(position, segment.header.lastOffset + 1));
  };
  return {
    get position() {
      return position;
    },
    get fetchAt() {
      return fetchAt;
    },
    get bytes() {
      return bytes;
    },
    get empty() {
      return head >= segments.length;
    },
    push(records, aborted) {
      // Aborted transactions by where they begin; a producer is in one from there to its abort marker.
      const waiting = readCommitted ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset) : [];
      const aborting = new Set<number>();
      let next = 0;
      let at = 0;
      for (let header; (header = readBatchHeader(records, at)) !== undefined; at += header.bytes) {
        for (; next < waiting.length && waiting[next]!.firstOffset <= header.lastOffset; next++)
          aborting.add(waiting[next]!.producerId);
        let skip = header.lastOffset < fetchAt;
        if (isControl(header)) {
          skip = true;
          if (isAbort(records, at)) aborting.delete(header.producerId);
        } else if (isTransactional(header) && aborting.has(header.producerId)) skip = true;
        segments.push({ records, at, header, skip });
        bytes += header.bytes;
        fetchAt = Math.max(fetchAt, header.lastOffset + 1);
      }
      return at > 0;
    },
    take(max) {
      const out: T[] = [];
      while (head < segments.length && out.length < max) {
        const segment = segments[head]!;
        if (segment.skip) {
          shift(segment);
          continue;
        }
        cursor ??= openBatch(segment.records, segment.at, segment.header, decompress);
        readRecords(cursor, position, until, max, out, make);
        if (cursor.left === 0) shift(segment);
        else position = cursor.next;
      }
      return out;
    },
    seek(offset) {
      segments = [];
      head = bytes = 0;
      cursor = undefined;
      position = fetchAt = offset;
    },
  };
}
