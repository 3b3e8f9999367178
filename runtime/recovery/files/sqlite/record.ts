/**
 * The parts of SQLite's file format that rows are made of (https://www.sqlite.org/fileformat2.html): varints, serial types and how
 * much of a payload stays on an index page. Big-endian throughout.
 */
import type { Buffer } from "node:buffer";

export const leafIndexPage = 0x0a;
export const interiorIndexPage = 0x02;

/** Bytes a varint takes; 32 bits are enough for lengths and serial types of values below 1 GiB. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** @returns the offset behind it */
export function writeVarint(bytes: Uint8Array, value: number, at: number): number {
  const end = at + varintLength(value);
  let rest = value;
  for (let i = end - 1; i >= at; i -= 1) {
    bytes[i] = (rest & 0x7f) | (i === end - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return end;
}

export const textType = (length: number): number => 13 + 2 * length;
export const blobType = (length: number): number => 12 + 2 * length;
/** Bytes of a column's body. */
export function bodyLength(type: number): number {
  if (type >= 12) return (type - 12) >>> 1;
  return integerLengths[type] as number;
}
/** By serial type: NULL, integers of 1, 2, 3, 4, 6 and 8 bytes, a float, 0 and 1. */
const integerLengths = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/** The shortest type for an integer of at most 32 bits without sign. */
export function integerType(value: number): number {
  if (value === 0) return 8;
  if (value === 1) return 9;
  if (value < 0x80) return 1;
  if (value < 0x8000) return 2;
  if (value < 0x800000) return 3;
  return value < 0x80000000 ? 4 : 5;
}
export function writeInteger(bytes: Buffer, value: number, type: number, at: number): void {
  const length = bodyLength(type);
  if (length > 0) bytes.writeUIntBE(value, at, length);
}
export function readInteger(bytes: Buffer, type: number, at: number): number {
  if (type === 8) return 0;
  if (type === 9) return 1;
  return bytes.readUIntBE(at, bodyLength(type));
}

/** How many bytes of a payload stay on an index page with `usable` bytes; the rest goes to overflow pages. */
export function localPayload(payload: number, usable: number): number {
  const most = Math.floor(((usable - 12) * 64) / 255) - 23;
  if (payload <= most) return payload;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((payload - least) % (usable - 4));
  return wanted <= most ? wanted : least;
}
