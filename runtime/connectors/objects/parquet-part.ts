/**
 * A Parquet object as a part: its footer and its row groups are fetched by ranges of one version. A position is a row, counted over
 * the whole object. Invariant: one row group is in memory at a time, packed and unpacked.
 */
import type { AsyncBuffer } from "hyparquet";
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";
import type { SourcePart } from "../../flow/source.ts";
import { type ParquetFile, readParquet } from "../parquet-file.ts";
import { type RowMaker, rowMaker, withoutBigints } from "../parquet-rows.ts";
import { objectName, type ObjectOrigin, readPinned, statOf } from "./object-bytes.ts";
import type { Slots } from "./slots.ts";

/** [row, ETag of the version, whether all of it was read] */
export type ParquetPosition = readonly [row: number, etag: string, done: boolean];

export interface ParquetPartOptions {
  readonly origin: ObjectOrigin;
  readonly batchSize: number;
  readonly columns: readonly string[] | undefined;
  readonly slots: Slots;
  readonly listedSize: (key: string) => Promise<number>;
}

/** A group that is larger is fetched column by column. */
const spanLimit = 32 * 1024 * 1024;

interface Opened {
  readonly file: ParquetFile;
  readonly size: number;
  readonly rows: number;
  readonly columns: readonly string[];
  /** Fetches a stretch of the object at once, from which later reads are answered. */
  hold(from: number, to: number): Promise<void>;
}

export function parquetPart<T>(
  { origin, batchSize, columns, slots, listedSize }: ParquetPartOptions,
  resume: ParquetPosition | undefined,
): SourcePart<T, ParquetPosition> {
  const name = objectName(origin);
  const ended = new AbortController();
  let [row, etag, done] = resume ?? [0, "", false];
  let opened: Opened | undefined;
  let release: (() => void) | undefined;
  /** Rows of the group that `row` is in, which begins at `first`. */
  let group: { readonly make: RowMaker<T>; readonly first: number; readonly end: number } | undefined;

  const open = async (): Promise<Opened> => {
    release = await slots.take();
    if (ended.signal.aborted) {
      release();
      throw new WeirError("WEIR_EXECUTION_ENDED", `Reading "${name}" was given up, as the flow has ended`);
    }
    const stat = await statOf(origin, ended.signal);
    if (stat === undefined)
      throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${name}": the object is gone, and was listed before`);
    if (etag === "") ({ etag } = stat);
    const { buffer, hold } = pinnedBuffer(origin, stat.size, etag, ended.signal);
    const file = await readParquet(name, buffer, () => undefined);
    const rows = file.groups.reduce((sum, each) => sum + each, 0);
    if (row > rows) throw new WeirError("WEIR_SOURCE_FAILED", `Cannot go on reading "${name}" at row ${row}: it has only ${rows}`);
    const missing = columns?.find((column) => !file.columns.includes(column));
    if (missing !== undefined) {
      throw new WeirError(
        "WEIR_SOURCE_FAILED",
        `Cannot read "${name}": it has no column ${show(missing)}; it has ${file.columns.join(", ")}`,
      );
    }
    return { file, size: stat.size, rows, columns: columns ?? file.columns, hold };
  };
  const decode = async ({ file, columns: wanted, hold }: Opened): Promise<void> => {
    let first = 0;
    let index = 0;
    while (first + file.groups[index]! <= row) first += file.groups[index++]!;
    const [from, to] = file.spanOf(index, wanted);
    if (to - from <= spanLimit) await hold(from, to);
    const data: ArrayLike<unknown>[] = [];
    for (const column of wanted) {
      data.push(withoutBigints(await file.readColumn(index, column), `${name}#${index}`, column));
      await new Promise((resolve) => setImmediate(resolve));
    }
    group = { make: rowMaker<T>(wanted, data), first, end: first + file.groups[index]! };
  };
  const give = (): T[] => {
    const { make, first, end } = group!;
    const until = Math.min(end, row + batchSize);
    const batch = make(row - first, until - first);
    row = until;
    if (row === end) group = undefined;
    return batch;
  };
  const readOn = async (): Promise<T[] | null> => {
    opened ??= await open();
    if (row >= opened.rows) {
      done = true;
      release?.();
      return null;
    }
    await decode(opened);
    return give();
  };
  return {
    nextBatch() {
      if (done) return null;
      return group === undefined ? readOn() : give();
    },
    snapshot: () => [row, etag, done],
    /** Bytes, taking rows for equally long. */
    async lag() {
      if (done) return 0;
      const size = opened?.size ?? (await listedSize(origin.key));
      return opened === undefined || opened.rows === 0 ? size : Math.round((size * (opened.rows - row)) / opened.rows);
    },
    close() {
      ended.abort();
      group = undefined;
      release?.();
    },
  };
}

function pinnedBuffer(
  origin: ObjectOrigin,
  byteLength: number,
  etag: string,
  signal: AbortSignal,
): { readonly buffer: AsyncBuffer; hold(from: number, to: number): Promise<void> } {
  let held: { readonly from: number; readonly bytes: Buffer } = { from: 0, bytes: Buffer.alloc(0) };
  const read = async (from: number, to: number): Promise<Buffer> => {
    const bytes = to <= from ? Buffer.alloc(0) : (await readPinned(origin, from, to - from, etag, signal))?.bytes;
    if (bytes?.length === Math.max(0, to - from)) return bytes;
    throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${objectName(origin)}": it ends before byte ${to}`);
  };
  return {
    buffer: {
      byteLength,
      async slice(start, end = byteLength) {
        const from = start < 0 ? Math.max(0, byteLength + start) : start;
        const to = Math.min(end, byteLength);
        const within = from >= held.from && to <= held.from + held.bytes.length;
        const bytes = within ? held.bytes.subarray(from - held.from, to - held.from) : await read(from, to);
        // A copy, as the reader takes buffers from their first byte on.
        return new Uint8Array(bytes).buffer;
      },
    },
    async hold(from, to) {
      if (from >= held.from && to <= held.from + held.bytes.length) return;
      held = { from, bytes: Buffer.alloc(0) };
      held = { from, bytes: await read(from, to) };
    },
  };
}
