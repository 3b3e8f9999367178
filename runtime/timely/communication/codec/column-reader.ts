/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Reads columns back. Numbers stay typed arrays until a record or an array needs them, so that putting records together
 * reads from flat memory. Every column takes at least one bit per value; a count that the bytes cannot hold is refused before
 * anything is allocated for it.
 */
import { Layout, maximumDepth } from "./format.ts";
import { zipOf, type DecodedColumn } from "./generated.ts";
import { takeNumbers } from "./number-columns.ts";
import { damaged, take, takeByte, takeCount, type Source } from "./source.ts";
import { takeSparse } from "./sparse-columns.ts";
import { takeLengths, takeStrings } from "./strings.ts";
import { takeNames, takeValue } from "./value-reader.ts";

/** A column as an array that the program may keep. */
export function takeArray(source: Source, count: number, depth: number): unknown[] {
  const column = takeColumn(source, count, depth);
  if (Array.isArray(column)) return column;
  if (column instanceof Float64Array) return fromFloats(column);
  if (column instanceof Int32Array) return fromInt32(column);
  return column instanceof Int16Array ? fromInt16(column) : fromInt8(column);
}

function takeColumn(source: Source, count: number, depth: number): DecodedColumn {
  const layout = takeByte(source);
  if (depth > maximumDepth) throw damaged(source, "columns nested too deeply");
  if (layout === Layout.empty ? count !== 0 : count > (source.end - source.at) * 8)
    throw damaged(source, `a column of ${count} cannot fit`);
  switch (layout) {
    case Layout.values:
      return takeValues(source, count, depth);
    case Layout.i8:
    case Layout.i16:
    case Layout.i32:
    case Layout.f64:
      return takeNumbers(source, layout, count);
    case Layout.booleans:
      return takeBooleans(source, count);
    case Layout.strings:
      return takeStrings(source, count);
    case Layout.nullable:
      return takeNullable(source, count, depth);
    case Layout.tuple:
      return takeTuples(source, count, depth);
    case Layout.struct:
      return takeStructs(source, count, depth);
    case Layout.sparse:
      return takeSparse(source, count, (present) => takeColumn(source, present, depth + 1));
    case Layout.list:
      return takeLists(source, count, depth);
    case Layout.empty:
      return [];
    default:
      throw damaged(source, `unknown layout ${layout}`);
  }
}

function takeValues(source: Source, count: number, depth: number): unknown[] {
  if (count > source.end - source.at) throw damaged(source, `${count} values cannot fit`);
  const out = new Array<unknown>(count);
  for (let i = 0; i < count; i++) out[i] = takeValue(source, depth);
  return out;
}

function takeBooleans(source: Source, count: number): boolean[] {
  const start = take(source, (count + 7) >>> 3);
  const out = new Array<boolean>(count);
  for (let i = 0; i < count; i++) out[i] = ((source.bytes[start + (i >>> 3)]! >>> (i & 7)) & 1) === 1;
  return out;
}

function takeNullable(source: Source, count: number, depth: number): unknown[] {
  const start = take(source, (count + 7) >>> 3);
  const { bytes } = source;
  let present = 0;
  for (let i = 0; i < count; i++) present += (bytes[start + (i >>> 3)]! >>> (i & 7)) & 1;
  const values = takeColumn(source, present, depth + 1);
  const out = new Array<unknown>(count);
  let next = 0;
  for (let i = 0; i < count; i++) out[i] = ((bytes[start + (i >>> 3)]! >>> (i & 7)) & 1) === 1 ? values[next++] : null;
  return out;
}

function takeTuples(source: Source, count: number, depth: number): unknown[] {
  const arity = takeCount(source);
  if (arity === 0) throw damaged(source, "a tuple without places");
  const columns = takeColumns(source, arity, count, depth);
  return zipOf(arity, columns)(count, columns);
}

function takeStructs(source: Source, count: number, depth: number): unknown[] {
  const names = takeNames(source);
  if (names.length === 0) throw damaged(source, "a struct without fields");
  const columns = takeColumns(source, names.length, count, depth);
  return zipOf(names, columns)(count, columns);
}

function takeColumns(source: Source, fields: number, count: number, depth: number): DecodedColumn[] {
  const columns: DecodedColumn[] = [];
  for (let i = 0; i < fields; i++) columns.push(takeColumn(source, count, depth + 1));
  return columns;
}

function takeLists(source: Source, count: number, depth: number): unknown[] {
  const lengths = count === 1 ? takeLengths(source, count) : takeLengths(source, count).slice(0, count);
  let total = 0;
  for (let i = 0; i < count; i++) total += lengths[i]!;
  const items = takeArray(source, total, depth + 1);
  if (count === 1) return [items];
  const out = new Array<unknown[]>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const next = at + lengths[i]!;
    out[i] = items.slice(at, next);
    at = next;
  }
  return out;
}

// One loop per element type, so that each is monomorphic.

function fromFloats(column: Float64Array): number[] {
  const out = new Array<number>(column.length);
  for (let i = 0; i < column.length; i++) out[i] = column[i]!;
  return out;
}

function fromInt32(column: Int32Array): number[] {
  const out = new Array<number>(column.length);
  for (let i = 0; i < column.length; i++) out[i] = column[i]!;
  return out;
}

function fromInt16(column: Int16Array): number[] {
  const out = new Array<number>(column.length);
  for (let i = 0; i < column.length; i++) out[i] = column[i]!;
  return out;
}

function fromInt8(column: Int8Array): number[] {
  const out = new Array<number>(column.length);
  for (let i = 0; i < column.length; i++) out[i] = column[i]!;
  return out;
}
