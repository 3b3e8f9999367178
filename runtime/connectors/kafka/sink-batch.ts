/**
 * Record batches of format 2, filled record by record. A batch gets its producer and its sequence number when it is first sent
 * and keeps the same bytes however often it is sent again: by these the broker knows it.
 *
 *   base offset 8 │ length 4 │ leader epoch 4 │ magic 1 │ crc32c 4 │ attributes 2 │ last offset delta 4 │ base timestamp 8 │
 *   max timestamp 8 │ producer id 8 │ producer epoch 2 │ base sequence 4 │ records 4 │ record…
 */
import type { OutputRecord } from "./sink-record.ts";

export const batchOverhead = 61;
const crcAt = 17;
const attributesAt = 21;
const transactionalBit = 16;

/** What a batch needs of the client library. */
export interface BatchFormat {
  crc32c(bytes: Uint8Array): number;
  /** Applied to the records as a whole. */
  compress?(bytes: Buffer): Uint8Array;
  /** The bits that name the compression. */
  readonly compressionBits: number;
}

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly transactional: boolean;
}

export interface RecordBatch {
  readonly count: number;
  /** Of the records, before compression. */
  readonly size: number;
  readonly firstKeyBytes: number;
  readonly firstValueBytes: number;
  append(record: OutputRecord): void;
  seal(format: BatchFormat, producer: ProducerIdentity, sequence: number): Buffer;
}

/** Bytes that the record takes in a batch, at most. */
export function sizeOf(record: OutputRecord): number {
  let size = 36 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) size += 10 + name.length + value.length;
  return size;
}

export function createBatch(first: OutputRecord): RecordBatch {
  let bytes = Buffer.allocUnsafe(Math.max(4096, sizeOf(first)));
  let at = 0;
  let count = 0;
  const baseTimestamp = first.timestamp;
  let maxTimestamp = baseTimestamp;

  const varint = (value: number): void => {
    // Zigzag; what does not fit into 32 bits goes the slow way.
    if (value > 0x3fffffff || value < -0x40000000) return longVarint(BigInt(value));
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  };
  const longVarint = (value: bigint): void => {
    let rest = value < 0n ? -2n * value - 1n : 2n * value;
    while (rest > 0x7fn) {
      bytes[at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    bytes[at++] = Number(rest);
  };
  const blob = (value: Uint8Array | null): void => {
    if (value === null) return varint(-1);
    varint(value.length);
    bytes.set(value, at);
    at += value.length;
  };

  return {
    get count() {
      return count;
    },
    get size() {
      return at;
    },
    firstKeyBytes: first.key?.length ?? 0,
    firstValueBytes: first.value?.length ?? 0,
    append(record) {
      const { key, value, headers, timestamp } = record;
      const room = at + sizeOf(record);
      if (room > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, room));
        bytes.copy(larger, 0, 0, at);
        bytes = larger;
      }
      const delta = timestamp - baseTimestamp;
      let length = 1 + varintSize(delta) + varintSize(count) + blobSize(key) + blobSize(value) + varintSize(headers.length);
      for (const header of headers) length += blobSize(header[0]) + blobSize(header[1]);
      varint(length);
      bytes[at++] = 0;
      varint(delta);
      varint(count);
      blob(key);
      blob(value);
      varint(headers.length);
      for (const header of headers) {
        blob(header[0]);
        blob(header[1]);
      }
      if (timestamp > maxTimestamp) maxTimestamp = timestamp;
      count++;
    },
    seal(format, producer, sequence) {
      const plain = bytes.subarray(0, at);
      const records = format.compress?.(plain) ?? plain;
      const batch = Buffer.allocUnsafe(batchOverhead + records.length);
      batch.writeBigInt64BE(0n, 0);
      batch.writeInt32BE(batch.length - 12, 8);
      batch.writeInt32BE(-1, 12);
      batch[16] = 2;
      batch.writeInt16BE(format.compressionBits | (producer.transactional ? transactionalBit : 0), attributesAt);
      batch.writeInt32BE(count - 1, 23);
      batch.writeBigInt64BE(BigInt(baseTimestamp), 27);
      batch.writeBigInt64BE(BigInt(maxTimestamp), 35);
      batch.writeBigInt64BE(producer.producerId, 43);
      batch.writeInt16BE(producer.producerEpoch, 51);
      batch.writeInt32BE(sequence, 53);
      batch.writeInt32BE(count, 57);
      batch.set(records, batchOverhead);
      batch.writeUInt32BE(format.crc32c(batch.subarray(attributesAt)) >>> 0, crcAt);
      return batch;
    },
  };
}

function varintSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  while (rest > 0x7f) {
    rest = Math.floor(rest / 128);
    size++;
  }
  return size;
}
function blobSize(value: Uint8Array | null): number {
  return value === null ? 1 : varintSize(value.length) + value.length;
}
