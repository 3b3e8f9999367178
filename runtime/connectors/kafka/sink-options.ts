/** The options of `kafkaSink`, checked when the flow is built. */
import type { ConnectionOptions } from "@platformatic/kafka";
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import type { Compression } from "./sink-transport.ts";
import type { KafkaSinkRecord } from "./sink-record.ts";

export interface KafkaSinkOptions<T = KafkaSinkRecord> {
  /** `host:port` of one or more brokers, by which the others are found. */
  brokers: string | readonly string[];
  /** Of all records that do not name their own. It must exist. */
  topic?: string;
  /** Makes the record of an item. Default: the item is a record, or a [key, value] pair. */
  record?: (item: T) => KafkaSinkRecord;
  /** "exactlyOnce" (default): in transactions that are committed with the flow's snapshots. "atLeastOnce": visible at once, and again after a failure. */
  guarantee?: "exactlyOnce" | "atLeastOnce";
  /** Prefix of the transactional ids, of this sink of this flow alone. Default: `weir-<flow>-<step>`. */
  transactionalIdPrefix?: string;
  /**
   * How long the broker keeps a transaction open. Longer than a snapshot interval and than the flow may be down between the two halves
   * of a commit; at most the broker's `transaction.max.timeout.ms`. Default 900 000 (15 min), which is the broker's default maximum.
   */
  transactionTimeoutMs?: number;
  /** What to do when a transaction that a snapshot counts on was aborted: "fail" (default) with WEIR_SINK_LOST, or go on without its records. */
  ifLost?: "fail" | "continue";
  /** "zstd" and "lz4" need what the client library says they do. Default "none". */
  compression?: Compression;
  /** Bytes of records (before compression) in one batch of a partition, below the topic's `max.message.bytes`. Default 262 144. */
  batchBytes?: number;
  /** Milliseconds that a batch waits to become full, if nobody waits for it. Default 5. */
  lingerMs?: number;
  /** Bytes of records that may wait in one worker; with more its sources wait. Default 16 777 216. */
  bufferBytes?: number;
  /** How long something is tried again that may pass: brokers that restart, connections that are cut. Default 120 000. */
  deliveryTimeoutMs?: number;
  /** How long an answer is waited for before the request is sent again. Default 30 000. */
  requestTimeoutMs?: number;
  clientId?: string;
  /** As of `tls.connect`. */
  tls?: ConnectionOptions["tls"];
  sasl?: ConnectionOptions["sasl"];
}

export type CheckedOptions = ReturnType<typeof checkOptions>;

/** @throws WEIR_FLOW_OPTION naming the option */
export function checkOptions(options: KafkaSinkOptions<never>) {
  const bad = (name: string, what: string, got: unknown): WeirError =>
    new WeirError("WEIR_FLOW_OPTION", `kafkaSink: ${name} must be ${what}, not ${show(got)}`);
  checkOptionsObject("kafkaSink", options);
  for (const name of ["tls", "sasl"] as const)
    if (options[name] !== undefined) checkOptionsObject("kafkaSink", options[name], name);
  const brokers = typeof options.brokers === "string" ? options.brokers.split(",") : options.brokers;
  if (!Array.isArray(brokers) || brokers.length === 0) throw bad("brokers", "host:port, or a list of them", options.brokers);
  for (const broker of brokers) if (!/^\S+:\d+$/.test(String(broker))) throw bad("brokers", "host:port, or a list of them", broker);
  const text = (name: "topic" | "transactionalIdPrefix" | "clientId"): string | undefined => {
    const value = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "")) throw bad(name, "text", value);
    return value;
  };
  const number = (name: keyof KafkaSinkOptions, fallback: number, least: number): number => {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > 0x7fffffff)
      throw bad(name, `a whole number from ${least}`, value);
    return value;
  };
  const one = <C extends string>(name: keyof KafkaSinkOptions, choices: readonly C[]): C => {
    const value = (options[name] ?? choices[0]) as C;
    if (!choices.includes(value)) throw bad(name, `one of ${choices.join(", ")}`, value);
    return value;
  };
  if (options.record !== undefined && typeof options.record !== "function") throw bad("record", "a function", options.record);
  return {
    brokers: brokers as readonly string[],
    topic: text("topic"),
    guarantee: one("guarantee", ["exactlyOnce", "atLeastOnce"]),
    prefix: text("transactionalIdPrefix"),
    transactionTimeoutMs: number("transactionTimeoutMs", 900_000, 1_000),
    ifLost: one("ifLost", ["fail", "continue"]),
    compression: one("compression", ["none", "gzip", "snappy", "lz4", "zstd"]),
    batchBytes: number("batchBytes", 262_144, 1_024),
    lingerMs: number("lingerMs", 5, 0),
    bufferBytes: number("bufferBytes", 16 << 20, 1_024),
    deliveryTimeoutMs: number("deliveryTimeoutMs", 120_000, 0),
    requestTimeoutMs: number("requestTimeoutMs", 30_000, 100),
    clientId: text("clientId") ?? "weir",
    tls: options.tls,
    sasl: options.sasl,
  };
}
