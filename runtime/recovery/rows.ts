/**
 * Packing rows into a RowBatch and reading them back; the layout is drawn at RowBatch. A packer grows one buffer by doubling
 * and hands it over whole, so a transfer to another thread copies nothing.
 */
import { Buffer } from "node:buffer";
import { copyBytes } from "./copy-bytes.ts";
import { freeBytes } from "./free-bytes.ts";
import { WeirError } from "../errors/index.ts";
import type { RowBatch } from "./types.ts";

export const rowKind = { state: 0, removed: 1, part: 2 } as const;
/** Bytes of a row besides its key and value. */
export const rowOverhead = 1 + 2 + 4 + 8 + 4 + 4;

export interface RowPacker {
  /** Bytes packed since the last `take`. */
  readonly size: number;
  readonly rows: number;
  /** `value` undefined = the key was removed. @throws WEIR_ENCODE when the key has half of a surrogate pair */
  state(step: string, epoch: number, partition: number, key: string, value: Uint8Array | undefined): void;
  part(step: string, epoch: number, part: string, value: Uint8Array): void;
  /** As `state`, with key (UTF-8) and value copied out of `bytes`; `valueEnd` -1 = the key was removed. */
  copyState(
    step: string,
    epoch: number,
    partition: number,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** What was packed, in a buffer of its own; the packer starts anew. */
  take(): RowBatch;
}

const nothing: Buffer<ArrayBuffer> = Buffer.alloc(0);

/** @param initialBytes capacity to begin with, made when the first row comes; after a `take` it is what was taken, and a little more. */
export function createRowPacker(initialBytes = 4096): RowPacker {
  let bytes = nothing;
  let size = 0;
  let rows = 0;
  let steps: string[] = [];
  let stepIndex = new Map<string, number>();
  let lastStep: string | undefined;
  let expected = initialBytes;
  let lastIndex = 0;

  function indexOf(step: string): number {
    if (step === lastStep) return lastIndex;
    let index = stepIndex.get(step);
    if (index === undefined) {
      index = steps.length;
      steps.push(step);
      stepIndex.set(step, index);
    }
    lastStep = step;
    lastIndex = index;
    return index;
  }
  function reserve(length: number): void {
    if (size + length <= bytes.byteLength) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(size + length, bytes.byteLength * 2, expected));
    grown.set(bytes.subarray(0, size));
    freeBytes(bytes);
    bytes = grown;
  }
  function writeHead(kind: number, step: string, epoch: number, partition: number): void {
    bytes[size] = kind;
    const index = indexOf(step);
    bytes[size + 1] = index;
    bytes[size + 2] = index >>> 8;
    putU32(bytes, partition, size + 3);
    bytes.writeDoubleLE(epoch, size + 7);
  }
  function append(kind: number, step: string, epoch: number, partition: number, key: string, value: Uint8Array | undefined): void {
    const valueLength = value === undefined ? 0 : value.byteLength;
    reserve(rowOverhead + key.length * 3 + valueLength);
    const keyLength = writeKey(bytes, step, key, size + 19);
    writeHead(kind, step, epoch, partition);
    putU32(bytes, keyLength, size + 15);
    const at = size + 19 + keyLength;
    putU32(bytes, valueLength, at);
    if (value !== undefined) bytes.set(value, at + 4);
    size = at + 4 + valueLength;
    rows += 1;
  }
  return {
    get size() {
      return size;
    },
    get rows() {
      return rows;
    },
    state(step, epoch, partition, key, value) {
      append(value === undefined ? rowKind.removed : rowKind.state, step, epoch, partition, key, value);
    },
    part(step, epoch, part, value) {
      append(rowKind.part, step, epoch, 0, part, value);
    },
    copyState(step, epoch, partition, source, keyStart, keyEnd, valueStart, valueEnd) {
      const keyLength = keyEnd - keyStart;
      const valueLength = valueEnd === -1 ? 0 : valueEnd - valueStart;
      reserve(rowOverhead + keyLength + valueLength);
      writeHead(valueEnd === -1 ? rowKind.removed : rowKind.state, step, epoch, partition);
      putU32(bytes, keyLength, size + 15);
      copyBytes(source, keyStart, keyEnd, bytes, size + 19);
      const at = size + 19 + keyLength;
      putU32(bytes, valueLength, at);
      copyBytes(source, valueStart, valueStart + valueLength, bytes, at + 4);
      size = at + 4 + valueLength;
      rows += 1;
    },
    take() {
      // An empty batch gets a buffer of its own as well: whoever gets a batch may move it.
      const batch: RowBatch = { steps, bytes: size === 0 ? new Uint8Array() : new Uint8Array(bytes.buffer, 0, size), rows };
      expected = Math.max(initialBytes, size + (size >> 4));
      bytes = nothing;
      size = 0;
      rows = 0;
      steps = [];
      stepIndex = new Map();
      lastStep = undefined;
      return batch;
    },
  };
}

/** Short keys byte by byte while they are ASCII: a call into the native encoder costs more than the loop. */
function writeKey(bytes: Buffer, step: string, key: string, at: number): number {
  const length = key.length;
  if (length > 48) return writeUtf8(bytes, step, key, at);
  for (let i = 0; i < length; i += 1) {
    const unit = key.charCodeAt(i);
    if (unit > 0x7f) return writeUtf8(bytes, step, key, at);
    bytes[at + i] = unit;
  }
  return length;
}
function writeUtf8(bytes: Buffer, step: string, key: string, at: number): number {
  // Half of a surrogate pair would be written as U+FFFD, and two keys become one.
  if (!key.isWellFormed())
    throw new WeirError("WEIR_ENCODE", `the key ${JSON.stringify(key)} has half of a surrogate pair, which cannot be stored`, {
      step,
    });
  return bytes.write(key, at, "utf8");
}

export interface RowVisitor {
  /** `value` is a view into the batch; undefined = removed. */
  state?(step: string, partition: number, key: string, value: Uint8Array | undefined, epoch: number): void;
  part?(step: string, part: string, value: Uint8Array, epoch: number): void;
}

/** A row of state where it stands: key and value are ranges of `bytes`; `valueEnd` -1 = removed. */
export type StateRowVisit = (
  step: string,
  partition: number,
  bytes: Buffer,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
) => void;

/** Calls `visit` for each row of state, in order, and makes nothing per row. */
export function forEachStateRow(batch: RowBatch, visit: StateRowVisit): void {
  const { steps } = batch;
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  let at = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const kind = bytes[at];
    const keyStart = at + 19;
    const keyEnd = keyStart + readU32(bytes, at + 15);
    const valueStart = keyEnd + 4;
    const valueEnd = valueStart + readU32(bytes, keyEnd);
    if (kind !== rowKind.part) {
      const step = steps[(bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8)] as string;
      visit(step, readU32(bytes, at + 3), bytes, keyStart, keyEnd, valueStart, kind === rowKind.removed ? -1 : valueEnd);
    }
    at = valueEnd;
  }
}
/** The lowest and the highest epoch of a batch's rows. */
export function epochsOf(batch: RowBatch): { readonly lowest: number; readonly highest: number } {
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  let lowest = Infinity;
  let highest = -Infinity;
  let at = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const epoch = bytes.readDoubleLE(at + 7);
    if (epoch < lowest) lowest = epoch;
    if (epoch > highest) highest = epoch;
    const keyEnd = at + 19 + readU32(bytes, at + 15);
    at = keyEnd + 4 + readU32(bytes, keyEnd);
  }
  return { lowest, highest };
}
function putU32(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
/** Little-endian; the checks of Buffer's own cost more than the reading. */
export function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return low + (bytes[at + 3] as number) * 0x1000000;
}

/** Calls the visitor for each row, in order. Values are views: copy what must outlive a batch that is dropped or transferred. */
export function forEachRow(batch: RowBatch, visitor: RowVisitor): void {
  const { steps } = batch;
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  let at = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const kind = bytes[at];
    const keyEnd = at + 19 + readU32(bytes, at + 15);
    const valueEnd = keyEnd + 4 + readU32(bytes, keyEnd);
    // Whoever looks for positions passes over a million rows of state.
    if ((kind === rowKind.part ? visitor.part : visitor.state) === undefined) {
      at = valueEnd;
      continue;
    }
    const step = steps[bytes.readUInt16LE(at + 1)] as string;
    const partition = bytes.readUInt32LE(at + 3);
    const epoch = bytes.readDoubleLE(at + 7);
    const key = bytes.toString("utf8", at + 19, keyEnd);
    const value = kind === rowKind.removed ? undefined : bytes.subarray(keyEnd + 4, valueEnd);
    if (kind === rowKind.part) visitor.part?.(step, key, value as Uint8Array, epoch);
    else visitor.state?.(step, partition, key, value, epoch);
    at = valueEnd;
  }
}
