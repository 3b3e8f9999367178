/** What a Kafka source gives: messages, decoded by the deserializers asked for, and records that could not be. */
import { WeirError } from "../../errors/index.ts";
import { copyBytes, type Headers, type MakeRecord } from "./record-batch.ts";

export type KafkaFormat = "bytes" | "string" | "json";

/**
 * `"bytes"` (default), `"string"` (UTF-8), `"json"`, or a function. A function gets a view that is valid during the call only; what
 * it throws makes the record a bad one. Null keys and values stay null and are not given to it.
 */
export type KafkaDeserializer<T = unknown> = KafkaFormat | ((bytes: Buffer) => T);

/** What a format gives, or a function that returns T. */
export type Decoded<F extends KafkaFormat, T> = [T] extends [never]
  ? F extends "string"
    ? string
    : F extends "json"
      ? any
      : Uint8Array
  : T;

export interface KafkaMessage<K = Uint8Array, V = Uint8Array> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the Unix epoch: when it was created, or appended if the topic says so. */
  readonly timestamp: number;
  readonly key: K | null;
  /** null = a tombstone, in a compacted topic. */
  readonly value: V | null;
  /** In the order of the record; a name may come several times. */
  readonly headers: Headers;
}

/** A record whose key or value the deserializer refused. */
export interface KafkaBadRecord extends KafkaMessage {
  readonly bad: "key" | "value";
  readonly error: string;
}

export interface RecordFormat {
  readonly key: KafkaDeserializer;
  readonly value: KafkaDeserializer;
  /** fail: a bad record stops the flow; keep: it is given as a `KafkaBadRecord`. */
  readonly onBad: "fail" | "keep";
}

type Decode = (bytes: Buffer, from: number, to: number) => unknown;

function decoderOf(deserializer: KafkaDeserializer): Decode {
  if (deserializer === "bytes") return copyBytes;
  if (deserializer === "string") return (bytes, from, to) => bytes.toString("utf8", from, to);
  if (deserializer === "json") return (bytes, from, to) => JSON.parse(bytes.toString("utf8", from, to)) as unknown;
  return (bytes, from, to) => deserializer(bytes.subarray(from, to));
}

/** @throws (the function returned) WEIR_SOURCE_FAILED naming the record, where bad records are to fail */
export function messageMaker(topic: string, partition: number, format: RecordFormat): MakeRecord<KafkaMessage<unknown, unknown>> {
  const decodeKey = decoderOf(format.key);
  const decodeValue = decoderOf(format.value);
  return (bytes, offset, timestamp, keyAt, keyEnd, valueAt, valueEnd, headers) => {
    let bad: "key" | "value" = "key";
    try {
      const key = keyEnd < 0 ? null : decodeKey(bytes, keyAt, keyEnd);
      bad = "value";
      const value = valueEnd < 0 ? null : decodeValue(bytes, valueAt, valueEnd);
      return { topic, partition, offset, timestamp, key, value, headers };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      if (format.onBad === "fail") {
        const where = `topic "${topic}", partition ${partition}, offset ${offset}`;
        throw new WeirError("WEIR_SOURCE_FAILED", `The ${bad} of the record at ${where} could not be read: ${said}`, {
          cause: error,
        });
      }
      const key = keyEnd < 0 ? null : copyBytes(bytes, keyAt, keyEnd);
      const value = valueEnd < 0 ? null : copyBytes(bytes, valueAt, valueEnd);
      const record: KafkaBadRecord = { topic, partition, offset, timestamp, key, value, headers, bad, error: said };
      return record;
    }
  };
}
