/**
 * Objects that share names but not all of them: each field has a column of the values that are there, and bits that say where.
 *
 *   {a: 1}, {a: 2, b: "x"}      a: everywhere, 1 2      b: bits 0 1, "x"
 *
 * Invariant: an object comes back with its fields in the order in which it had them, and without those that were `undefined`.
 */
import type { Plan, Slot } from "./column-writer.ts";
import { Layout } from "./format.ts";
import { generateSparse, type DecodedColumn, type Presence } from "./generated.ts";
import { putByte, putVarint, reserve, type Sink } from "./sink.ts";
import { damaged, take, takeByte, type Source } from "./source.ts";
import { takeNames } from "./value-reader.ts";
import { putString } from "./value-writer.ts";

type PutColumn = (sink: Sink, slot: Slot, values: ArrayLike<unknown>, count: number, depth: number) => void;

export function sparsePlan(names: readonly string[], createSlot: () => Slot, putColumn: PutColumn): Plan {
  const slots = names.map(createSlot);
  return (sink, records, count, depth) => {
    const columns = names.map((): unknown[] => []);
    const bits = names.map(() => new Uint8Array((count + 7) >>> 3));
    if (!gather(records, count, names, columns, bits)) return "no";
    putByte(sink, Layout.sparse);
    putVarint(sink, names.length);
    for (const name of names) putString(sink, name);
    let everywhere = 0;
    for (let field = 0; field < names.length; field++) {
      const column = columns[field]!;
      if (column.length === count) everywhere++;
      putPresence(sink, column.length === count, bits[field]!);
      putColumn(sink, slots[field]!, column, column.length, depth + 1);
    }
    // Records without holes are better off as a struct.
    return everywhere === names.length ? "once" : "yes";
  };
}

function gather(
  records: ArrayLike<unknown>,
  count: number,
  names: readonly string[],
  columns: unknown[][],
  bits: Uint8Array[],
): boolean {
  // A polluted prototype would lend its fields to those that lack them.
  for (const _ in Object.prototype) return false;
  for (let i = 0; i < count; i++) {
    const record = records[i] as Record<string, unknown>;
    if (typeof record !== "object" || record === null || Object.getPrototypeOf(record) !== Object.prototype) return false;
    let field = 0;
    for (const name in record) {
      const value = record[name];
      if (value === undefined) continue;
      while (field < names.length && names[field] !== name) field++;
      if (field === names.length) return false;
      columns[field]!.push(value);
      bits[field]![i >>> 3]! |= 1 << (i & 7);
      field++;
    }
  }
  return true;
}

function putPresence(sink: Sink, everywhere: boolean, bits: Uint8Array): void {
  putByte(sink, everywhere ? 1 : 0);
  if (everywhere) return;
  reserve(sink, bits.length);
  sink.bytes.set(bits, sink.at);
  sink.at += bits.length;
}

export function takeSparse(source: Source, count: number, takeColumn: (count: number) => DecodedColumn): unknown[] {
  const names = takeNames(source);
  if (names.length === 0 || names.includes("__proto__")) throw damaged(source, "names of fields expected");
  const columns: DecodedColumn[] = [];
  const presences: Presence[] = [];
  for (let field = 0; field < names.length; field++) {
    const everywhere = takeByte(source);
    if (everywhere > 1) throw damaged(source, "unknown kind of field");
    const presence = everywhere === 1 ? undefined : bitsOf(source, count);
    let present = count;
    if (presence !== undefined) {
      present = 0;
      for (let i = 0; i < count; i++) present += (presence[i >>> 3]! >>> (i & 7)) & 1;
    }
    presences.push(presence);
    columns.push(takeColumn(present));
  }
  return generateSparse(names, presences, columns)(count, columns, presences);
}

function bitsOf(source: Source, count: number): Uint8Array {
  const start = take(source, (count + 7) >>> 3);
  return source.bytes.subarray(start, source.at);
}
