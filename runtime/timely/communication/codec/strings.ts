/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * String columns. Joining the strings first and moving one big string across costs a tenth of an encoder call per string:
 *
 *   form · width · lengths (UTF-16 units, all of `width` bytes) · varint bytes · characters, joined
 *
 * Invariant: any JavaScript string comes back exactly, lone surrogates included. (A joined string that is well-formed
 * keeps even halves of a pair apart, because the cut is made in UTF-16 units.)
 */
import { StringForm } from "./format.ts";
import { putByte, putVarint, reserve, type Sink } from "./sink.ts";
import { damaged, take, takeByte, takeVarint, type Source } from "./source.ts";

/** On a string of one-byte characters V8 compiles this to an immediate "no", whatever the length. */
export const beyondLatin1 = /[\u0100-\uffff]/;

/**
 * V8 makes a substring of 13 or more characters a view that keeps its parent alive. Longer strings are therefore cut from
 * parents of about this many characters, so that one kept key does not hold on to a whole batch.
 */
const parentUnits = 512;
const slicedFrom = 13;

let lengths = new Uint32Array(1024);

/** Writes `count` strings, or returns false (with some bytes written past `sink.at`) when one of `values` is none. */
export function putStrings(sink: Sink, values: ArrayLike<unknown>, count: number): boolean {
  if (lengths.length < count) lengths = new Uint32Array(count * 2);
  const sizes = lengths;
  let joined = "";
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (typeof value !== "string") return false;
    const length = value.length;
    sizes[i] = length;
    longest |= length;
    joined += value;
  }
  const form = !beyondLatin1.test(joined) ? StringForm.latin1 : joined.isWellFormed() ? StringForm.utf8 : StringForm.utf16;
  putByte(sink, form);
  putLengths(sink, sizes, count, longest);
  if (form === StringForm.latin1) {
    putVarint(sink, joined.length);
    reserve(sink, joined.length);
    sink.at += sink.bytes.write(joined, sink.at, "latin1");
  } else if (form === StringForm.utf8) {
    const size = Buffer.byteLength(joined);
    putVarint(sink, size);
    reserve(sink, size);
    sink.at += sink.bytes.write(joined, sink.at, "utf8");
  } else {
    putVarint(sink, joined.length * 2);
    reserve(sink, joined.length * 2);
    sink.at += sink.bytes.write(joined, sink.at, "utf16le");
  }
  return true;
}

export function takeStrings(source: Source, count: number): string[] {
  const form = takeByte(source);
  if (form > StringForm.utf16) throw damaged(source, "unknown form of strings");
  const sizes = takeLengths(source, count);
  const size = takeVarint(source);
  const start = take(source, size);
  const out = new Array<string>(count);
  let units = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const length = sizes[i]!;
    units += length;
    if (length > longest) longest = length;
  }
  if (form === StringForm.latin1) {
    if (units !== size) throw damaged(source, "lengths of strings do not add up");
    if (longest < slicedFrom) cut(source.bytes.toString("latin1", start, start + size), sizes, 0, count, out);
    else cutFromSmallParents((from, to) => source.bytes.toString("latin1", start + from, start + to), sizes, count, out);
    return out;
  }
  const joined = source.bytes.toString(form === StringForm.utf8 ? "utf8" : "utf16le", start, start + size);
  if (joined.length !== units || (form === StringForm.utf16 && size !== units * 2))
    throw damaged(source, "lengths of strings do not add up");
  if (longest < slicedFrom) cut(joined, sizes, 0, count, out);
  else cutFromSmallParents((from, to) => detached(joined.substring(from, to)), sizes, count, out);
  return out;
}

function cut(parent: string, sizes: ArrayLike<number>, from: number, to: number, out: string[]): void {
  let at = 0;
  for (let i = from; i < to; i++) {
    const next = at + sizes[i]!;
    out[i] = parent.substring(at, next);
    at = next;
  }
}

function cutFromSmallParents(
  parentOf: (from: number, to: number) => string,
  sizes: ArrayLike<number>,
  count: number,
  out: string[],
): void {
  let at = 0;
  for (let i = 0; i < count;) {
    let size = sizes[i]!;
    let to = i + 1;
    while (to < count && size + sizes[to]! <= parentUnits) size += sizes[to++]!;
    cut(parentOf(at, at + size), sizes, i, to, out);
    at += size;
    i = to;
  }
}

/** A copy of its own: the one sure way is through bytes, and UTF-16 keeps lone surrogates. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

/** `bits` is the bitwise or (or the maximum) of the lengths. */
export function putLengths(sink: Sink, sizes: ArrayLike<number>, count: number, bits: number): void {
  const width = bits < 0x100 ? 1 : bits < 0x10000 ? 2 : 4;
  reserve(sink, 1 + count * width);
  const bytes = sink.bytes;
  let at = sink.at;
  bytes[at++] = width;
  if (width === 1) {
    for (let i = 0; i < count; i++) bytes[at++] = sizes[i]!;
  } else if (width === 2) {
    for (let i = 0; i < count; i++) {
      const size = sizes[i]!;
      bytes[at++] = size;
      bytes[at++] = size >>> 8;
    }
  } else {
    for (let i = 0; i < count; i++, at += 4) sink.view.setUint32(at, sizes[i]!, true);
  }
  sink.at = at;
}

let takenLengths = new Uint32Array(1024);

/** The array is reused by the next call. */
export function takeLengths(source: Source, count: number): Uint32Array {
  const width = takeByte(source);
  if (width !== 1 && width !== 2 && width !== 4) throw damaged(source, "unknown width of lengths");
  let at = take(source, count * width);
  if (takenLengths.length < count) takenLengths = new Uint32Array(count * 2);
  const out = takenLengths;
  const { bytes, view } = source;
  if (width === 1) for (let i = 0; i < count; i++) out[i] = bytes[at++]!;
  else if (width === 2) for (let i = 0; i < count; i++, at += 2) out[i] = bytes[at]! | (bytes[at + 1]! << 8);
  else for (let i = 0; i < count; i++, at += 4) out[i] = view.getUint32(at, true);
  return out;
}
