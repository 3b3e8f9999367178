/**
 * Reads the rows of a table WITHOUT ROWID out of a database's pages, in the order of its key, without a statement per row. Knows as
 * much of the format as btree-writer.ts draws; works on any sound file, whoever wrote it.
 */
import { Buffer } from "node:buffer";
import { bodyLength, interiorIndexPage, leafIndexPage, localPayload, readInteger } from "./record.ts";

/** One row of state(partition, step, key, value); the same object for each row, valid until the next. */
export interface StateRow {
  bytes: Buffer;
  partition: number;
  stepStart: number;
  stepEnd: number;
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  /** -1 = NULL. */
  valueEnd: number;
}

/**
 * @param database all pages
 * @param root the table's root page, from 1
 * @param wanted partitions to read: pages that can have rows of no other are passed over, so a few others may come along; default all
 * @throws RangeError and the like when the pages are not what they should be
 */
export function* readBtree(
  database: Buffer,
  root: number,
  wanted?: (partition: number) => boolean,
): Generator<StateRow, void, undefined> {
  const declared = database.readUInt16BE(16);
  const pageSize = declared === 1 ? 65_536 : declared;
  const usable = pageSize - (database[20] as number);
  const row: StateRow = {
    bytes: database,
    partition: 0,
    stepStart: 0,
    stepEnd: 0,
    keyStart: 0,
    keyEnd: 0,
    valueStart: 0,
    valueEnd: 0,
  };
  let at = 0;

  function varint(bytes: Buffer): number {
    let value = 0;
    for (let i = 0; i < 9; i += 1) {
      const byte = bytes[at] as number;
      at += 1;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw new RangeError("a varint has no end");
  }
  /** Fills `row` from the cell's payload, which begins at `start`. */
  function parse(start: number): void {
    at = start;
    const size = varint(database);
    const local = localPayload(size, usable);
    let bytes = database;
    if (local < size) {
      bytes = whole(at, local, size);
      at = 0;
    }
    let body = at;
    body += varint(bytes);
    const partition = varint(bytes);
    const step = bodyLength(varint(bytes));
    const key = bodyLength(varint(bytes));
    const value = varint(bytes);
    row.bytes = bytes;
    row.partition = readInteger(bytes, partition, body);
    row.stepStart = body + bodyLength(partition);
    row.stepEnd = row.stepStart + step;
    row.keyStart = row.stepEnd;
    row.keyEnd = row.keyStart + key;
    row.valueStart = row.keyEnd;
    row.valueEnd = value === 0 ? -1 : row.keyEnd + bodyLength(value);
  }
  function whole(start: number, local: number, size: number): Buffer {
    const payload = Buffer.allocUnsafe(size);
    database.copy(payload, 0, start, start + local);
    let filled = local;
    for (let page = database.readUInt32BE(start + local); filled < size; page = database.readUInt32BE((page - 1) * pageSize)) {
      if (page === 0) throw new RangeError("a chain of overflow pages is too short");
      const from = (page - 1) * pageSize + 4;
      filled += database.copy(payload, filled, from, Math.min(from + usable - 4, from + size - filled));
    }
    return payload;
  }

  /** From the root down: the page, which of its cells comes next, and between which partitions its rows lie. */
  const path: { offset: number; cells: number; next: number; least: number; most: number }[] = [];
  function enter(page: number, least: number, most: number): void {
    const offset = (page - 1) * pageSize;
    if (path.length > 32) throw new RangeError("the tree has a loop");
    path.push({ offset, cells: database.readUInt16BE(offset + 3), next: 0, least, most });
  }
  const cellOf = (offset: number, index: number): number => offset + database.readUInt16BE(offset + 12 + 2 * index);
  function partitionAt(cell: number): number {
    parse(cell + 4);
    return row.partition;
  }
  function wants(least: number, most: number): boolean {
    if (wanted === undefined || most === Infinity) return true;
    for (let partition = least; partition <= most; partition += 1) if (wanted(partition)) return true;
    return false;
  }
  enter(root, 0, Infinity);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const { offset, cells } = top;
    const kind = database[offset];
    if (kind === leafIndexPage) {
      for (let i = 0; i < cells; i += 1) {
        parse(offset + database.readUInt16BE(offset + 8 + 2 * i));
        yield row;
      }
      path.pop();
    } else if (kind === interiorIndexPage) {
      const index = top.next;
      top.next += 1;
      const child = database.readUInt32BE(index < cells ? cellOf(offset, index) : offset + 8);
      const least = wanted === undefined || index === 0 ? top.least : partitionAt(cellOf(offset, index - 1));
      const most = wanted === undefined || index === cells ? top.most : partitionAt(cellOf(offset, index));
      if (wants(least, most)) {
        enter(child, least, most);
        continue;
      }
    } else throw new RangeError(`page ${offset / pageSize + 1} is of kind ${kind}`);
    // Behind a child comes the row that separates it from the next, in the nearest page above that has one left.
    for (let above = path.at(-1); above !== undefined; above = path.at(-1)) {
      if (above.next > above.cells) {
        path.pop();
        continue;
      }
      parse(cellOf(above.offset, above.next - 1) + 4);
      yield row;
      break;
    }
  }
}
