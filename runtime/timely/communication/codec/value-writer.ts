/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Writes any value by walking it: what state is stored with, and what a column falls back to when its values have no common
 * shape. Plain objects keep their own enumerable string keys whose value is not `undefined`; holes of arrays become
 * `undefined`. Invariant: what cannot come back as it was is refused, not approximated. Functions, symbols, promises, errors
 * and instances of classes are refused; so are cycles. (A Buffer comes back as a Uint8Array, an object without prototype
 * as a plain one.)
 */
import { beyondLatin1 } from "./strings.ts";
import { byteKinds, columnArrayLength, maximumDepth, Tag } from "./format.ts";
import { putByte, putFloat, putVarint, reserve, type Sink } from "./sink.ts";
import { Unencodable } from "./unencodable.ts";

/** Writes a long array by column; set by the column writer, which in turn falls back to values. */
type ColumnArrayWriter = (sink: Sink, values: readonly unknown[], depth: number) => void;
let putColumnArray: ColumnArrayWriter;
export function setColumnArrayWriter(writer: ColumnArrayWriter): void {
  putColumnArray = writer;
}

export function putValue(sink: Sink, value: unknown, depth: number): void {
  switch (typeof value) {
    case "number":
      return putNumber(sink, value);
    case "string":
      return putString(sink, value);
    case "boolean":
      return putByte(sink, value ? Tag.true : Tag.false);
    case "undefined":
      return putByte(sink, Tag.undefined);
    case "bigint":
      return putBigint(sink, value);
    case "object":
      return value === null ? putByte(sink, Tag.null) : putObject(sink, value, depth);
    default:
      throw new Unencodable(value);
  }
}

export function putNumber(sink: Sink, value: number): void {
  reserve(sink, 9);
  const { bytes, view, at } = sink;
  const integer = value | 0;
  if (integer !== value || (integer === 0 && 1 / value < 0)) {
    bytes[at] = Tag.f64;
    view.setFloat64(at + 1, value, true);
    sink.at = at + 9;
  } else if (integer >= -16 && integer < 0x80) {
    bytes[at] = integer >= 0 ? integer : 0x90 + integer;
    sink.at = at + 1;
  } else if (integer >= -0x8000 && integer < 0x8000) {
    bytes[at] = Tag.i16;
    view.setInt16(at + 1, integer, true);
    sink.at = at + 3;
  } else {
    bytes[at] = Tag.i32;
    view.setInt32(at + 1, integer, true);
    sink.at = at + 5;
  }
}

export function putString(sink: Sink, text: string): void {
  const length = text.length;
  if (length < 32) {
    // Short strings: a loop beats the call into the buffer's native code.
    reserve(sink, 1 + length);
    const bytes = sink.bytes;
    let at = sink.at;
    bytes[at++] = 0x90 + length;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      seen |= unit;
      bytes[at++] = unit;
    }
    if (seen < 0x100) {
      sink.at = at;
      return;
    }
  } else if (!beyondLatin1.test(text)) {
    putByte(sink, Tag.latin1);
    putVarint(sink, length);
    reserve(sink, length);
    sink.at += sink.bytes.write(text, sink.at, "latin1");
    return;
  }
  if (text.isWellFormed()) {
    const size = Buffer.byteLength(text);
    putByte(sink, Tag.utf8);
    putVarint(sink, size);
    reserve(sink, size);
    sink.at += sink.bytes.write(text, sink.at, "utf8");
  } else {
    putByte(sink, Tag.utf16);
    putVarint(sink, length);
    reserve(sink, length * 2);
    sink.at += sink.bytes.write(text, sink.at, "utf16le");
  }
}

function putBigint(sink: Sink, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    reserve(sink, 9);
    sink.bytes[sink.at] = Tag.bigint64;
    sink.view.setBigInt64(sink.at + 1, value, true);
    sink.at += 9;
    return;
  }
  const hex = (value < 0n ? -value : value).toString(16);
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  putByte(sink, Tag.bigint);
  putByte(sink, value < 0n ? 1 : 0);
  putVarint(sink, magnitude.length);
  reserve(sink, magnitude.length);
  sink.bytes.set(magnitude, sink.at);
  sink.at += magnitude.length;
}

function putObject(sink: Sink, value: object, depth: number): void {
  if (depth > maximumDepth) throw new Unencodable(value, "it is nested too deeply, or contains itself");
  if (Array.isArray(value)) return putArray(sink, value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || isPlain(prototype)) return putFields(sink, value as Record<string, unknown>, depth);
  if (value instanceof Date) {
    putByte(sink, Tag.date);
    putFloat(sink, value.getTime());
  } else if (value instanceof Map) {
    exactly(value, Map);
    putByte(sink, Tag.map);
    putVarint(sink, value.size);
    for (const [key, item] of value) {
      putValue(sink, key, depth + 1);
      putValue(sink, item, depth + 1);
    }
  } else if (value instanceof Set) {
    exactly(value, Set);
    putByte(sink, Tag.set);
    putVarint(sink, value.size);
    for (const item of value) putValue(sink, item, depth + 1);
  } else {
    putBinary(sink, value);
  }
}

/** A subclass would come back as its base class. */
function exactly(value: object, base: abstract new () => object): void {
  if (Object.getPrototypeOf(value) !== base.prototype) throw new Unencodable(value);
}

function isPlain(prototype: unknown): boolean {
  if (prototype === null) return true;
  // An object of another realm (node:vm) is plain too.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

function putArray(sink: Sink, values: readonly unknown[], depth: number): void {
  const length = values.length;
  if (length >= columnArrayLength) return putColumnArray(sink, values, depth + 1);
  if (length < 16) putByte(sink, 0xb0 + length);
  else {
    putByte(sink, Tag.array);
    putVarint(sink, length);
  }
  for (let i = 0; i < length; i++) putValue(sink, values[i], depth + 1);
}

function putFields(sink: Sink, value: Record<string, unknown>, depth: number): void {
  let names = Object.keys(value);
  const items = new Array<unknown>(names.length);
  let vanishing = false;
  for (let i = 0; i < names.length; i++) if ((items[i] = value[names[i]!]) === undefined) vanishing = true;
  if (vanishing) names = names.filter((_, i) => items[i] !== undefined);
  putShape(sink, names);
  for (let i = 0; i < items.length; i++) if (items[i] !== undefined) putValue(sink, items[i], depth + 1);
}

/** So many shapes are compared one by one before a map is made. */
const fewShapes = 12;

function putShape(sink: Sink, names: readonly string[]): void {
  const known = knownShape(sink, names);
  if (known >= 0) {
    putByte(sink, Tag.shape);
    return putVarint(sink, known);
  }
  putByte(sink, Tag.newShape);
  putVarint(sink, names.length);
  for (let i = 0; i < names.length; i++) putString(sink, names[i]!);
}

/** The index of a shape of this frame, or -1 after having made it one. */
function knownShape(sink: Sink, names: readonly string[]): number {
  const { shapes } = sink;
  const few = Math.min(shapes.length, fewShapes);
  for (let i = 0; i < few; i++) if (same(names, shapes[i]!)) return i;
  const index = shapes.push(names) - 1;
  if (index < fewShapes) return -1;
  const key = JSON.stringify(names);
  sink.shapesByKey ??= new Map();
  const known = sink.shapesByKey.get(key);
  if (known === undefined) {
    sink.shapesByKey.set(key, index);
    return -1;
  }
  shapes.pop();
  return known;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function putBinary(sink: Sink, value: object): void {
  const kind = Buffer.isBuffer(value) ? 1 : byteKinds.findIndex((one) => Object.getPrototypeOf(value) === one.prototype);
  if (kind < 0) throw new Unencodable(value);
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : viewOf(value as ArrayBufferView);
  putByte(sink, Tag.bytes);
  putByte(sink, kind);
  putVarint(sink, bytes.length);
  reserve(sink, bytes.length);
  sink.bytes.set(bytes, sink.at);
  sink.at += bytes.length;
}

function viewOf(value: ArrayBufferView): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
