/** Record batches as a broker would send them, encoded by the client library and not by us. */
import { createRecordsBatch } from "@platformatic/kafka";

export interface BatchOptions {
  /** Of the first record. */
  readonly at: number;
  readonly values: readonly (string | null)[];
  readonly keys?: readonly (string | null)[];
  readonly timestamps?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: "gzip" | "snappy" | "lz4" | "zstd";
  /** In a transaction of this producer. */
  readonly producer?: number;
  /** Offsets that compaction has taken away behind the last record. */
  readonly gapBehind?: number;
  readonly logAppendTime?: number;
}

export function batch(options: BatchOptions): Buffer {
  const { at, values, keys, timestamps, headers, compression, producer, gapBehind = 0, logAppendTime } = options;
  const messages = values.map((value, i) => ({
    topic: "t",
    value: (value === null ? null : Buffer.from(value)) as Buffer,
    key: (typeof keys?.[i] === "string" ? Buffer.from(keys[i]) : null) as unknown as Buffer,
    timestamp: BigInt(timestamps?.[i] ?? 1_000 + at + i),
    ...(headers && { headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])) }),
  }));
  const writer = createRecordsBatch(messages, {
    ...(compression && { compression }),
    ...(producer !== undefined && { transactionalId: "t", producerId: BigInt(producer) }),
  } as never);
  const bytes = Buffer.from(writer.buffer);
  bytes.writeBigInt64BE(BigInt(at), 0);
  if (gapBehind > 0) bytes.writeInt32BE(values.length - 1 + gapBehind, 23);
  if (logAppendTime !== undefined) {
    bytes.writeInt16BE(bytes.readInt16BE(21) | 8, 21);
    bytes.writeBigInt64BE(BigInt(logAppendTime), 35);
  }
  return bytes;
}

/** The end of a producer's transaction, as the coordinator writes it. */
export function marker(at: number, producer: number, how: "commit" | "abort"): Buffer {
  const key = Buffer.from([0, 0, 0, how === "commit" ? 1 : 0]).toString("latin1");
  const bytes = batch({ at, values: ["\0\0\0\0\0\0"], keys: [key], producer });
  bytes.writeInt16BE(bytes.readInt16BE(21) | 32, 21);
  return bytes;
}
