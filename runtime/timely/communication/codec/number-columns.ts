/**
 * Number columns: the narrowest of i8, i16, i32 when every number is an int32 (-0 is not one), else f64. Numbers pass through
 * an aligned scratch array and move as one block.
 */
import { Layout } from "./format.ts";
import { reserve, type Sink } from "./sink.ts";
import { take, type Source } from "./source.ts";

let integers = new Int32Array(1024);
let floats = new Float64Array(1024);

/**
 * A function per column, so that each keeps its own type feedback for the arrays it sees. "no" = nothing was written; "once" =
 * floats were written, though integers would have done.
 */
export type NumberWriter = (sink: Sink, values: ArrayLike<unknown>, count: number) => "no" | "yes" | "once";

/** "no" when a value is no int32. */
export function createIntegerWriter(): NumberWriter {
  return new Function(
    "scratchFor",
    "put",
    `"use strict";
return function putIntegers(sink, values, count) {
  const scratch = scratchFor(count);
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (typeof value !== "number") return "no";
    const integer = value | 0;
    if (integer !== value || (integer === 0 && 1 / value < 0)) return "no";
    scratch[i] = integer;
    bits |= integer ^ (integer >> 31);
  }
  put(sink, scratch, count, bits);
  return "yes";
};`,
  )(integerScratch, putIntegers) as NumberWriter;
}

/** "no" when a value is no number. */
export function createFloatWriter(): NumberWriter {
  return new Function(
    "scratchFor",
    "put",
    `"use strict";
return function putFloats(sink, values, count) {
  const scratch = scratchFor(count);
  let integers = true;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (typeof value !== "number") return "no";
    scratch[i] = value;
    integers = integers && (value | 0) === value;
  }
  put(sink, scratch, count);
  return integers ? "once" : "yes";
};`,
  )(floatScratch, putFloats) as NumberWriter;
}

export function putIntegerColumn(sink: Sink, values: Int32Array, count: number): void {
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    bits |= value ^ (value >> 31);
  }
  putIntegers(sink, values, count, bits);
}

function integerScratch(count: number): Int32Array {
  if (integers.length < count) integers = new Int32Array(count * 2);
  return integers;
}

function floatScratch(count: number): Float64Array {
  if (floats.length < count) floats = new Float64Array(count * 2);
  return floats;
}

/** `bits` has every magnitude bit that occurs. */
function putIntegers(sink: Sink, values: Int32Array, count: number, bits: number): void {
  if (bits < 0x80) {
    reserve(sink, 1 + count);
    const bytes = sink.bytes;
    let at = sink.at;
    bytes[at++] = Layout.i8;
    for (let i = 0; i < count; i++) bytes[at++] = values[i]!;
    sink.at = at;
  } else if (bits < 0x8000) {
    reserve(sink, 1 + count * 2);
    const bytes = sink.bytes;
    let at = sink.at;
    bytes[at++] = Layout.i16;
    for (let i = 0; i < count; i++, at += 2) {
      const value = values[i]!;
      bytes[at] = value;
      bytes[at + 1] = value >>> 8;
    }
    sink.at = at;
  } else {
    putBlock(sink, Layout.i32, values, count);
  }
}

export function putFloats(sink: Sink, values: Float64Array, count: number): void {
  putBlock(sink, Layout.f64, values, count);
}

function putBlock(sink: Sink, layout: number, values: Int32Array | Float64Array, count: number): void {
  const size = count * values.BYTES_PER_ELEMENT;
  reserve(sink, 1 + size);
  sink.bytes[sink.at] = layout;
  sink.bytes.set(new Uint8Array(values.buffer, values.byteOffset, size), sink.at + 1);
  sink.at += 1 + size;
}

/** Views of the source where alignment allows, copies elsewhere. */
export function takeNumbers(source: Source, layout: number, count: number): Int8Array | Int16Array | Int32Array | Float64Array {
  const width = layout === Layout.f64 ? 8 : layout === Layout.i32 ? 4 : layout;
  let offset = source.bytes.byteOffset + take(source, count * width);
  let buffer: ArrayBufferLike = source.bytes.buffer;
  if (offset % width !== 0) {
    buffer = new Uint8Array(new Uint8Array(buffer, offset, count * width)).buffer;
    offset = 0;
  }
  if (layout === Layout.f64) return new Float64Array(buffer, offset, count);
  if (layout === Layout.i32) return new Int32Array(buffer, offset, count);
  return layout === Layout.i16 ? new Int16Array(buffer, offset, count) : new Int8Array(buffer, offset, count);
}
