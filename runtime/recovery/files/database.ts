/**
 * Rows to and from the bytes of a SQLite database, as types.ts draws it: a file that `sqlite3` opens, whatever wrote it.
 */
import Database from "better-sqlite3";
import { Buffer } from "node:buffer";
import type { RowBatch } from "../types.ts";
import { createRowPacker, rowKind } from "../rows.ts";
import type { SortedRows } from "../sort-rows.ts";

const schema = `
  CREATE TABLE state(partition INTEGER NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, value BLOB, PRIMARY KEY(partition, step, key)) WITHOUT ROWID;
  CREATE TABLE parts(step TEXT NOT NULL, part TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(step, part)) WITHOUT ROWID;
  CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`;
/** Rows per INSERT: fewer calls into the addon; below SQLite's limit of variables. */
const rowsPerInsert = 100;
/** Bytes after which a batch is handed on while reading. */
const batchBytes = 512 * 1024;

/** What a file says about itself, besides its rows. */
export type Meta = Readonly<Record<string, string | number>>;

export function encodeDatabase(rows: SortedRows, meta: Meta): Uint8Array {
  const database = new Database(":memory:");
  try {
    database.exec(`PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; ${schema} BEGIN`);
    const insertMeta = database.prepare("INSERT INTO meta VALUES (?, ?)");
    for (const [name, value] of Object.entries(meta)) insertMeta.run(name, String(value));
    const insertPart = database.prepare("INSERT INTO parts VALUES (?, ?, ?)");
    const insertMany = database.prepare(`INSERT INTO state VALUES ${Array(rowsPerInsert).fill("(?,?,?,?)").join(",")}`);
    const insertOne = database.prepare("INSERT INTO state VALUES (?,?,?,?)");
    let values: unknown[] = [];
    rows.forEach((kind, partition, step, key, value) => {
      if (kind === rowKind.part) {
        insertPart.run(step, key.toString("utf8"), value);
        return;
      }
      values.push(partition, step, key.toString("utf8"), value ?? null);
      if (values.length === rowsPerInsert * 4) {
        insertMany.run(values);
        values = [];
      }
    });
    for (let i = 0; i < values.length; i += 4) insertOne.run(values.slice(i, i + 4));
    database.exec("COMMIT");
    return database.serialize();
  } finally {
    database.close();
  }
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
  const database = new Database(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { readonly: true });
  const meta = new Map(database.prepare<[], [string, string]>("SELECT name, value FROM meta").raw().all());
  return {
    meta,
    *rows(epoch, filter = {}, shape = {}) {
      const packer = createRowPacker(batchBytes + 4096);
      const partitions = database.prepare<[], number>("SELECT DISTINCT partition FROM state").pluck().all();
      const read = database
        .prepare<[number], [string, string, Buffer | null]>("SELECT step, key, value FROM state WHERE partition = ?")
        .raw();
      for (const partition of partitions) {
        if (filter.partition?.(partition) === false) continue;
        for (const [step, key, value] of read.iterate(partition)) {
          if (filter.step?.(step) === false) continue;
          packer.state(step, epoch, partition, key, value ?? undefined);
          if (packer.size >= batchBytes) yield packer.take();
        }
        if (shape.splitPartitions === true && packer.rows > 0) yield packer.take();
      }
      if (filter.parts !== false) {
        const parts = database.prepare<[], [string, string, Buffer]>("SELECT step, part, value FROM parts").raw();
        for (const [step, part, value] of parts.iterate()) {
          if (filter.step?.(step) === false) continue;
          packer.part(step, epoch, part, value);
          if (packer.size >= batchBytes) yield packer.take();
        }
      }
      if (packer.rows > 0) yield packer.take();
    },
    close: () => database.close(),
  };
}
