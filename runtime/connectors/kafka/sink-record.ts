/** What a Kafka sink takes, and how it becomes bytes. A record with a null value is a tombstone. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";

export type KafkaBytes = string | Uint8Array;

export interface KafkaSinkRecord {
  /** Default: the sink's topic. */
  readonly topic?: string;
  /** Records of one key go to one partition, in order. */
  readonly key?: KafkaBytes | null;
  /** null deletes the key in a compacted topic. */
  readonly value: KafkaBytes | null;
  readonly headers?: Readonly<Record<string, KafkaBytes>> | Iterable<readonly [string, KafkaBytes]>;
  /** Default: when the sink takes the record. */
  readonly timestamp?: number | Date;
  /** Default: chosen by the key as Kafka's own producer does; without a key in turns. */
  readonly partition?: number;
}

/** A record ready to be put into a batch. */
export interface OutputRecord {
  readonly topic: string;
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly timestamp: number;
}

const noHeaders: OutputRecord["headers"] = [];

/**
 * What a sink takes unless it is given a `record` function: records as they are, and pairs of a keyed stream, whose values are
 * taken as they are when they are text or bytes, and as JSON otherwise.
 */
export function asRecord(item: unknown): KafkaSinkRecord {
  if (Array.isArray(item) && item.length === 2) {
    const [key, value] = item as [KafkaBytes, unknown];
    return {
      key,
      value: value === null || typeof value === "string" || value instanceof Uint8Array ? value : JSON.stringify(value),
    };
  }
  if (typeof item === "object" && item !== null && "value" in item) return item as KafkaSinkRecord;
  throw refuse("takes records { key, value, … } or [key, value] pairs, or needs a `record` function", item);
}

/** @throws WEIR_SINK_FAILED for what cannot be written, saying what and why */
export function toOutput(record: KafkaSinkRecord, topic: string | undefined, now: number): OutputRecord {
  if (typeof record !== "object" || record === null) throw refuse("`record` must return a record", record);
  const to = record.topic ?? topic;
  if (typeof to !== "string" || to === "") throw refuse("the record names no topic, and the sink has none", record);
  const { partition } = record;
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) throw refuse("no such partition", partition);
  const { timestamp } = record;
  const time = timestamp === undefined ? now : Math.trunc(Number(timestamp));
  if (!Number.isSafeInteger(time) || time < 0) throw refuse("a timestamp is a number of milliseconds, or a Date", timestamp);
  return {
    topic: to,
    partition,
    key: record.key === undefined ? null : bytes(record.key, "key"),
    value: bytes(record.value, "value"),
    headers: record.headers === undefined ? noHeaders : headersOf(record.headers),
    timestamp: time,
  };
}

function headersOf(headers: NonNullable<KafkaSinkRecord["headers"]>): OutputRecord["headers"] {
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  const made: (readonly [Uint8Array, Uint8Array])[] = [];
  for (const [name, value] of entries as Iterable<readonly [string, KafkaBytes]>) {
    made.push([bytes(name, "header's name")!, bytes(value, "header")!]);
  }
  return made;
}

function bytes(value: unknown, what: string): Uint8Array | null {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (value === null || value instanceof Uint8Array) return value;
  throw refuse(`a ${what} is text, bytes or null`, value);
}

function refuse(why: string, what: unknown): WeirError {
  return new WeirError("WEIR_SINK_FAILED", `Cannot write to Kafka: ${why}; got ${show(what)}`);
}
