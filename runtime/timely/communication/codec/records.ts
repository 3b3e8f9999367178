/**
 * Batches of records and long arrays, as columns. Slots are shared by everything on this thread whose first record looks
 * alike (element types of a tuple, names of a struct), so that each kind of batch finds the plans made for it.
 */
import { createSlot, putColumn, type Slot } from "./column-writer.ts";
import { takeArray } from "./column-reader.ts";
import { Tag } from "./format.ts";
import { putByte, putVarint, type Sink } from "./sink.ts";
import { takeVarint, type Source } from "./source.ts";
import { setColumnArrayReader } from "./value-reader.ts";
import { setColumnArrayWriter } from "./value-writer.ts";

const slots = new Map<string, Slot>();
const mostSlots = 1024;
const fewNames = 64;

export function putRecords(sink: Sink, records: readonly unknown[], depth: number): void {
  putVarint(sink, records.length);
  putColumn(sink, slotFor(records[0]), records, records.length, depth);
}

export function takeRecords(source: Source, depth: number): unknown[] {
  return takeArray(source, takeVarint(source), depth);
}

function slotFor(first: unknown): Slot {
  const key = look(first);
  let slot = slots.get(key);
  if (slot === undefined) {
    // Keys made from data (objects used as dictionaries) must not pile up.
    if (slots.size >= mostSlots) slots.clear();
    slots.set(key, (slot = createSlot()));
  }
  return slot;
}

function look(value: unknown): string {
  if (typeof value !== "object" || value === null) return letter(value);
  if (Array.isArray(value)) {
    let key = "[";
    for (let i = 0; i < value.length && i < 8; i++) key += letter(value[i]);
    return key;
  }
  const names = Object.keys(value);
  return names.length > fewNames ? "{" : `{${names.join()}`;
}

function letter(value: unknown): string {
  switch (typeof value) {
    case "number":
      return (value | 0) === value ? "i" : "n";
    case "string":
      return "s";
    case "boolean":
      return "b";
    default:
      return "o";
  }
}

setColumnArrayWriter((sink, values, depth) => {
  putByte(sink, Tag.columnArray);
  putRecords(sink, values, depth);
});
setColumnArrayReader(takeRecords);
