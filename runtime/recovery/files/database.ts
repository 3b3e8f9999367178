/**
 * Rows to and from the bytes of a SQLite database, as types.ts draws it. The few small tables go through SQLite; the rows of
 * `state` are read and written as pages, which is several times faster than SQL. Tests hold every file against SQLite itself.
 */
import Database from "better-sqlite3";
import { Buffer } from "node:buffer";
import type { RowBatch } from "../types.ts";
import { createRowPacker, rowKind } from "../rows.ts";
import type { SortedRows } from "../sort-rows.ts";
import type { SpareBuffers } from "../spare-buffers.ts";
import { readBtree } from "./sqlite/btree-reader.ts";
import { createBtreeWriter } from "./sqlite/btree-writer.ts";
import { createRowEncoder } from "./sqlite/encode-row.ts";

const schema = `
  CREATE TABLE state(partition INTEGER NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, value BLOB, PRIMARY KEY(partition, step, key)) WITHOUT ROWID;
  CREATE TABLE parts(step TEXT NOT NULL, part TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(step, part)) WITHOUT ROWID;
  CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`;
const pageSize = 16_384;
/** In a database's header: how many pages there are, and a number that is ours: how many were there before the rows of state. */
const pageCountAt = 28;
const userVersionAt = 60;
/** Bytes after which a batch is handed on while reading. */
const batchBytes = 512 * 1024;

/** What a file says about itself, besides its rows. */
export type Meta = Readonly<Record<string, string | number>>;

/**
 * Positions and meta go in by SQL, as they are few; state is written as pages.
 * @param spare what the answer is borrowed from
 */
export function encodeDatabase(rows: SortedRows, meta: Meta, spare?: SpareBuffers): Uint8Array {
  const database = new Database(":memory:");
  let frame: Buffer;
  let root: number;
  try {
    database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = OFF; ${schema} BEGIN`);
    const insertMeta = database.prepare("INSERT INTO meta VALUES (?, ?)");
    for (const [name, value] of Object.entries(meta)) insertMeta.run(name, String(value));
    const insertPart = database.prepare("INSERT INTO parts VALUES (?, ?, ?)");
    if (rows.parts)
      rows.forEach(
        (kind, _partition, step, key, value) => void (kind === rowKind.part && insertPart.run(step, key.toString("utf8"), value)),
      );
    database.exec("COMMIT");
    root = rootOf(database);
    frame = database.serialize();
    frame.writeUInt32BE(frame.byteLength / pageSize, userVersionAt);
  } finally {
    database.close();
  }
  const room = frame.byteLength + roomFor(rows.bytes);
  const tree = createBtreeWriter(frame, pageSize, root, spare?.borrow(room) ?? Buffer.allocUnsafeSlow(room));
  const encode = createRowEncoder(tree);
  rows.each((row) => void (row.kind !== rowKind.part && encode(row)));
  return tree.finish();
}

/** Bytes that pages of so many bytes of packed rows take, unless their values are so long that much of an overflow page stays empty. */
export function roomFor(rows: number): number {
  return Math.ceil(rows * 1.1) + 16 * pageSize;
}

export interface DecodedFile {
  readonly meta: ReadonlyMap<string, string>;
  /** All rows in the order of the primary key, with `epoch` in each; the batches are made on the way. */
  rows(epoch: number, filter?: RowFilter, shape?: BatchShape): Iterable<RowBatch>;
  close(): void;
}
export interface BatchShape {
  /** No batch has rows of two partitions, nor state and positions. */
  readonly splitPartitions?: boolean;
}
export interface RowFilter {
  partition?(partition: number): boolean;
  step?(step: string): boolean;
  readonly parts?: boolean;
}

/** @throws an error of SQLite's when the bytes are no database of ours */
export function decodeDatabase(bytes: Uint8Array): DecodedFile {
  const pages = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const database = new Database(frameOf(pages), { readonly: true });
  const meta = new Map(database.prepare<[], [string, string]>("SELECT name, value FROM meta").raw().all());
  const root = rootOf(database);
  return {
    meta,
    *rows(epoch, filter = {}, shape = {}) {
      const packer = createRowPacker(Math.min(batchBytes + 4096, pages.byteLength));
      let partition = -1;
      let step = "";
      let stepBytes = Buffer.alloc(0);
      let wantedPartition = false;
      let wantedStep = filter.step?.("") !== false;
      for (const row of readBtree(pages, root, filter.partition)) {
        if (row.partition !== partition) {
          if (shape.splitPartitions === true && packer.rows > 0) yield packer.take();
          partition = row.partition;
          wantedPartition = filter.partition?.(partition) !== false;
        }
        if (!wantedPartition) continue;
        if (!isAt(stepBytes, row.bytes, row.stepStart, row.stepEnd)) {
          step = row.bytes.toString("utf8", row.stepStart, row.stepEnd);
          stepBytes = Buffer.from(step);
          wantedStep = filter.step?.(step) !== false;
        }
        if (!wantedStep) continue;
        packer.copyState(step, epoch, partition, row.bytes, row.keyStart, row.keyEnd, row.valueStart, row.valueEnd);
        if (packer.size >= batchBytes) yield packer.take();
      }
      if (shape.splitPartitions === true && packer.rows > 0) yield packer.take();
      if (filter.parts !== false) {
        const parts = database.prepare<[], [string, string, Buffer]>("SELECT step, part, value FROM parts").raw();
        for (const [owner, part, value] of parts.iterate()) {
          if (filter.step?.(owner) === false) continue;
          packer.part(owner, epoch, part, value);
          if (packer.size >= batchBytes) yield packer.take();
        }
      }
      if (packer.rows > 0) yield packer.take();
    },
    close: () => database.close(),
  };
}

/** What SQLite is given, as it copies it: the small tables. All of a file that does not say where they end. */
function frameOf(pages: Buffer): Buffer {
  const frame = pages.byteLength < 100 ? 0 : pages.readUInt32BE(userVersionAt);
  if (frame === 0 || frame * pageSize >= pages.byteLength) return pages;
  const tables = Buffer.from(pages.subarray(0, frame * pageSize));
  tables.writeUInt32BE(frame, pageCountAt);
  return tables;
}

/** A call into the native comparison costs more than the few bytes of a step's name. */
function isAt(expected: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== expected.length) return false;
  for (let i = 0; i < expected.length; i += 1) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

function rootOf(database: Database.Database): number {
  return database.prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'state'").pluck().get() as number;
}
