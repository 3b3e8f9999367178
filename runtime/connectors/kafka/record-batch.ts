/**
 * Records of a topic as the broker sends them: batches of format 2 (Kafka 0.11 and later), read in place.
 *
 *   int64 base offset │ int32 length of what follows │ int32 leader epoch │ int8 magic = 2 │ uint32 CRC │ int16 attributes
 *   int32 last offset delta │ int64 base timestamp │ int64 max timestamp │ int64 producer │ int16 epoch │ int32 sequence
 *   int32 count │ records, compressed as one block if the attributes say so; a record is
 *     varint length │ int8 │ varlong timestamp delta │ varint offset delta │ varint length, key │ varint length, value
 *     varint count │ headers: varint length, name │ varint length, value          (length −1 = null)
 *
 * 64-bit numbers become JavaScript numbers: offsets and timestamps stay far below 2⁵³.
 */
import { WeirError } from "../../errors/index.ts";

export interface BatchHeader {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Of the whole batch. */
  readonly bytes: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** -1 = none. */
  readonly producerId: number;
  readonly count: number;
}

export const batchHeaderBytes = 61;
const compressionMask = 0b111;
const logAppendTime = 1 << 3;
const transactional = 1 << 4;
const control = 1 << 5;

export function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
}

/**
 * The header of the batch at `at`; undefined when the batch is cut off, as the last one of an answer may be.
 * @throws WEIR_SOURCE_FAILED for a format from before Kafka 0.11
 */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  if (bytes.length - at < 17) return undefined;
  const length = bytes.readInt32BE(at + 8);
  if (bytes.length - at < length + 12) return undefined;
  const magic = bytes.readInt8(at + 16);
  if (magic !== 2)
    throw new WeirError("WEIR_SOURCE_FAILED", `Records have format ${magic}, from before Kafka 0.11; only 2 can be read`);
  const baseOffset = int64(bytes, at);
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(at + 23),
    bytes: length + 12,
    attributes: bytes.readInt16BE(at + 21),
    baseTimestamp: int64(bytes, at + 27),
    maxTimestamp: int64(bytes, at + 35),
    producerId: int64(bytes, at + 43),
    count: bytes.readInt32BE(at + 57),
  };
}

export const isControl = (header: BatchHeader): boolean => (header.attributes & control) !== 0;
export const isTransactional = (header: BatchHeader): boolean => (header.attributes & transactional) !== 0;

/** Whether a control batch says that its producer's transaction was aborted. */
export function isAbort(bytes: Buffer, at: number): boolean {
  position = at + batchHeaderBytes;
  varint(bytes);
  position += 1;
  varlong(bytes);
  varint(bytes);
  const keyBytes = varint(bytes);
  // Key of a control record: int16 version, int16 type (0 = abort, 1 = commit).
  return keyBytes >= 4 && bytes.readInt16BE(position + 2) === 0;
}

/** Undoes the compression named by the lowest bits of the attributes. */
export type Decompress = (compression: number, block: Buffer) => Buffer;

/** A batch that is being read. */
export interface BatchCursor {
  readonly header: BatchHeader;
  /** The records, not compressed. */
  readonly bytes: Buffer;
  at: number;
  /** Records not read yet. */
  left: number;
  /** The offset after the last record read. */
  next: number;
}

export function openBatch(bytes: Buffer, at: number, header: BatchHeader, decompress: Decompress): BatchCursor {
  const compression = header.attributes & compressionMask;
  const start = at + batchHeaderBytes;
  const { count: left, baseOffset: next } = header;
  if (compression === 0) return { header, bytes, at: start, left, next };
  return { header, bytes: decompress(compression, bytes.subarray(start, at + header.bytes)), at: 0, left, next };
}

export type Headers = readonly (readonly [name: string, value: Uint8Array])[];
const noHeaders: Headers = Object.freeze([]) as Headers;

/** `keyEnd` and `valueEnd` are -1 for null. */
export type MakeRecord<T> = (
  bytes: Buffer,
  offset: number,
  timestamp: number,
  keyAt: number,
  keyEnd: number,
  valueAt: number,
  valueEnd: number,
  headers: Headers,
) => T;

/** Appends records of offset `from` or later and before `until` to `out`, until it has `max`. */
export function readRecords<T>(cursor: BatchCursor, from: number, until: number, max: number, out: T[], make: MakeRecord<T>): void {
  const { header, bytes } = cursor;
  const appended = (header.attributes & logAppendTime) !== 0;
  while (cursor.left > 0 && out.length < max) {
    position = cursor.at;
    const length = varint(bytes);
    const end = position + length;
    cursor.at = end;
    cursor.left--;
    position += 1;
    const delta = varlong(bytes);
    const offset = header.baseOffset + varint(bytes);
    cursor.next = offset + 1;
    if (offset < from) continue;
    if (offset >= until) {
      cursor.left = 0;
      return;
    }
    const keyBytes = varint(bytes);
    const keyAt = position;
    if (keyBytes > 0) position += keyBytes;
    const valueBytes = varint(bytes);
    const valueAt = position;
    if (valueBytes > 0) position += valueBytes;
    const headers = readHeaders(bytes);
    const timestamp = appended ? header.maxTimestamp : header.baseTimestamp + delta;
    const keyEnd = keyBytes < 0 ? -1 : keyAt + keyBytes;
    out.push(make(bytes, offset, timestamp, keyAt, keyEnd, valueAt, valueBytes < 0 ? -1 : valueAt + valueBytes, headers));
  }
}

function readHeaders(bytes: Buffer): Headers {
  const count = varint(bytes);
  if (count === 0) return noHeaders;
  const headers: [string, Uint8Array][] = [];
  for (let i = 0; i < count; i++) {
    const nameBytes = varint(bytes);
    const name = bytes.toString("utf8", position, (position += nameBytes));
    const valueBytes = Math.max(0, varint(bytes));
    headers.push([name, copyBytes(bytes, position, (position += valueBytes))]);
  }
  return headers;
}

/** A copy: a view would keep the whole answer of the broker in memory. */
export function copyBytes(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

/** Where the reading functions below stand; one reader at a time, as nothing here waits. */
let position = 0;

function varint(bytes: Buffer): number {
  let byte = bytes[position++]!;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = bytes[position++]!;
    value |= (byte & 0x7f) << shift;
  }
  return (value >>> 1) ^ -(value & 1);
}

function varlong(bytes: Buffer): number {
  let byte = bytes[position++]!;
  let value = byte & 0x7f;
  // Beyond 31 bits numbers no longer fit bit operations.
  for (let factor = 128; byte >= 0x80; factor *= 128) {
    byte = bytes[position++]!;
    value += (byte & 0x7f) * factor;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
