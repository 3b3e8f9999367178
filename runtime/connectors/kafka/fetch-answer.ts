/**
 * The answer to a Fetch request of version 11, read without the library's parser, which makes several objects and bigints per record and
 * throws the good partitions away with the bad ones.
 *
 *   int32 throttle │ int16 error │ int32 session │ [topics: string, [partitions: int32 index │ int16 error │ int64 high watermark
 *   int64 last stable offset │ int64 log start │ [aborted: int64 producer, int64 first offset] │ int32 preferred replica │ bytes records]]
 */
import { int64 } from "./record-batch.ts";

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0 = none. */
  readonly errorCode: number;
  readonly highWatermark: number;
  /** -1 when the broker does not say. */
  readonly lastStableOffset: number;
  readonly logStart: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Whole batches, the last of which may be cut off. */
  readonly records: Buffer;
}

export interface FetchAnswer {
  readonly throttleMs: number;
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

const nothing = Buffer.alloc(0);

export function readFetchAnswer(bytes: Buffer): FetchAnswer {
  let at = 0;
  const int32 = (): number => bytes.readInt32BE((at += 4) - 4);
  const int16 = (): number => bytes.readInt16BE((at += 2) - 2);
  const long = (): number => int64(bytes, (at += 8) - 8);
  const throttleMs = int32();
  const errorCode = int16();
  at += 4;
  const partitions: (FetchedPartition & { records: Buffer })[] = [];
  for (let topics = int32(); topics > 0; topics--) {
    const length = int16();
    const topic = bytes.toString("utf8", at, (at += length));
    for (let count = int32(); count > 0; count--) {
      const head = {
        topic,
        partition: int32(),
        errorCode: int16(),
        highWatermark: long(),
        lastStableOffset: long(),
        logStart: long(),
      };
      const aborted: AbortedTransaction[] = [];
      for (let left = int32(); left > 0; left--) aborted.push({ producerId: long(), firstOffset: long() });
      at += 4;
      const size = int32();
      const records = size > 0 ? bytes.subarray(at, at + size) : nothing;
      if (size > 0) at += size;
      partitions.push({ ...head, aborted, records });
    }
  }
  // Copies of their own, so that a partition that is read slowly does not keep the whole answer.
  if (partitions.filter(({ records }) => records.length > 0).length > 1) {
    for (const partition of partitions) partition.records = Buffer.from(partition.records);
  }
  return { throttleMs, errorCode, partitions };
}
