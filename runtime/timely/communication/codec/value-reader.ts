/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Reads values back. The counterpart of the value writer; refuses what the writer would not have written as soon as it sees
 * it. Objects are plain and own their keys, whatever the keys are called ("__proto__" too).
 */
import { byteKinds, maximumDepth, Tag } from "./format.ts";
import { objectTaker } from "./generated.ts";
import { damaged, take, takeByte, takeCount, takeFloat, takeVarint, type Source } from "./source.ts";

type ColumnArrayReader = (source: Source, depth: number) => unknown[];
let takeColumnArray: ColumnArrayReader;
export function setColumnArrayReader(reader: ColumnArrayReader): void {
  takeColumnArray = reader;
}

export function takeValue(source: Source, depth: number): unknown {
  const tag = takeByte(source);
  if (tag < 0x80) return tag;
  if (tag < 0x90) return tag - 0x90;
  if (tag < 0xb0) return latin1(source, tag - 0x90);
  if (depth > maximumDepth) throw damaged(source, "values nested too deeply");
  if (tag < 0xc0) return takeItems(source, tag - 0xb0, depth);
  switch (tag) {
    case Tag.null:
      return null;
    case Tag.false:
      return false;
    case Tag.true:
      return true;
    case Tag.undefined:
      return undefined;
    case Tag.i16:
      return source.view.getInt16(take(source, 2), true);
    case Tag.i32:
      return source.view.getInt32(take(source, 4), true);
    case Tag.f64:
      return takeFloat(source);
    case Tag.latin1:
      return latin1(source, takeVarint(source));
    case Tag.utf8:
      return characters(source, takeVarint(source), "utf8");
    case Tag.utf16:
      return characters(source, takeVarint(source) * 2, "utf16le");
    case Tag.array:
      return takeItems(source, takeCount(source), depth);
    case Tag.columnArray:
      return takeColumnArray(source, depth + 1);
    case Tag.newShape:
      return takeFields(source, takeShape(source), depth);
    case Tag.shape:
      return takeKnown(source, depth);
    case Tag.date:
      return new Date(takeFloat(source));
    case Tag.map:
      return takeMap(source, depth);
    case Tag.set:
      return takeSet(source, depth);
    case Tag.bigint64:
      return source.view.getBigInt64(take(source, 8), true);
    case Tag.bigint:
      return takeBigint(source);
    case Tag.bytes:
      return takeBinary(source);
    default:
      throw damaged(source, `unknown tag 0x${tag.toString(16)}`);
  }
}

/** A value that must be a string: a name. */
export function takeName(source: Source): string {
  const name = takeValue(source, maximumDepth);
  if (typeof name !== "string") throw damaged(source, "a name expected");
  return name;
}

export function takeNames(source: Source): string[] {
  const count = takeCount(source);
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(takeName(source));
  return names;
}

function latin1(source: Source, length: number): string {
  const start = take(source, length);
  return source.bytes.toString("latin1", start, start + length);
}

function characters(source: Source, size: number, encoding: "utf8" | "utf16le"): string {
  const start = take(source, size);
  return source.bytes.toString(encoding, start, start + size);
}

function takeItems(source: Source, count: number, depth: number): unknown[] {
  const out = new Array<unknown>(count);
  for (let i = 0; i < count; i++) out[i] = takeValue(source, depth + 1);
  return out;
}

function takeShape(source: Source): readonly string[] {
  const names = takeNames(source);
  (source.shapes ??= []).push({ names, uses: 0, take: undefined });
  return names;
}

/** A shape that comes again and again is worth a function that makes its objects at once. */
const worthGenerating = 8;

function takeKnown(source: Source, depth: number): object {
  const shape = source.shapes?.[takeVarint(source)];
  if (shape === undefined) throw damaged(source, "unknown shape");
  if (shape.take !== undefined) return shape.take(source, depth + 1);
  if (++shape.uses === worthGenerating) shape.take = objectTaker(shape.names, takeValue);
  return takeFields(source, shape.names, depth);
}

function takeFields(source: Source, names: readonly string[], depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = takeValue(source, depth + 1);
    if (name === "__proto__") Object.defineProperty(out, name, { value, writable: true, enumerable: true, configurable: true });
    else out[name] = value;
  }
  return out;
}

function takeMap(source: Source, depth: number): Map<unknown, unknown> {
  const out = new Map<unknown, unknown>();
  for (let left = takeCount(source); left > 0; left--) {
    const key = takeValue(source, depth + 1);
    out.set(key, takeValue(source, depth + 1));
  }
  return out;
}

function takeSet(source: Source, depth: number): Set<unknown> {
  const out = new Set<unknown>();
  for (let left = takeCount(source); left > 0; left--) out.add(takeValue(source, depth + 1));
  return out;
}

function takeBigint(source: Source): bigint {
  const negative = takeByte(source) === 1;
  const length = takeCount(source);
  const start = take(source, length);
  const magnitude = length === 0 ? 0n : BigInt(`0x${source.bytes.toString("hex", start, start + length)}`);
  return negative ? -magnitude : magnitude;
}

function takeBinary(source: Source): unknown {
  const kind = byteKinds[takeByte(source)];
  if (kind === undefined) throw damaged(source, "unknown kind of bytes");
  const length = takeVarint(source);
  const start = take(source, length);
  const element = "BYTES_PER_ELEMENT" in kind ? kind.BYTES_PER_ELEMENT : 1;
  if (length % element !== 0) throw damaged(source, "bytes of a typed array do not add up");
  const buffer = new ArrayBuffer(length);
  new Uint8Array(buffer).set(source.bytes.subarray(start, start + length));
  return kind === ArrayBuffer ? buffer : new (kind as new (buffer: ArrayBuffer) => unknown)(buffer);
}
