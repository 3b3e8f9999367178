/** Options of a Kafka source, checked when the source is made. Nothing of `sasl` and `tls` ever appears in a message. */
import type { ConnectionOptions } from "@platformatic/kafka";
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import type { KafkaDeserializer, KafkaFormat } from "./source-message.ts";

export interface KafkaSourceOptions<
  K extends KafkaFormat = "bytes",
  V extends KafkaFormat = "bytes",
  KeyType = never,
  ValueType = never,
> {
  /** `host:port` of one or more brokers, as a list or with commas; the others are found through them. */
  readonly brokers: string | readonly string[];
  readonly topics: string | readonly string[];
  /**
   * Where a partition is begun that no snapshot knows: at its first record (default), behind its last one, or at the first record of
   * a time or later. A partition that is added to a topic while the flow runs is begun at its first record.
   */
  readonly start?: "earliest" | "latest" | { readonly timestamp: number | Date };
  /** `"end"`: a partition ends where its log ended when it was opened, and the input with the last one. By default it goes on for ever. */
  readonly until?: "end";
  /** Consumer group to publish positions to, for outside monitors. It is not joined. */
  readonly groupId?: string;
  /** Default `"read_committed"`: records of transactions that are open or aborted are not given. */
  readonly isolation?: "read_committed" | "read_uncommitted";
  readonly key?: K | ((bytes: Buffer) => KeyType);
  readonly value?: V | ((bytes: Buffer) => ValueType);
  /** When the next record is not there any more: fail (default), or go on at the first or behind the last record that is. */
  readonly onOutOfRange?: "fail" | "earliest" | "latest";
  /** Records per batch, at most. Default 1,000. */
  readonly batchSize?: number;
  /** What may wait in memory, in bytes as fetched, over all partitions that a process reads of this source. Default 32 MiB. */
  readonly bufferBytes?: number;
  /** Default `"weir"`. */
  readonly clientId?: string;
  readonly tls?: ConnectionOptions["tls"];
  readonly sasl?: ConnectionOptions["sasl"];
  /** An answer that takes longer counts as lost, in milliseconds. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** How long to try when the flow starts and brokers do not answer, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
}

export interface SourceSettings {
  readonly brokers: readonly string[];
  readonly topics: readonly string[];
  readonly start: "earliest" | "latest" | number;
  readonly untilEnd: boolean;
  readonly groupId: string | undefined;
  readonly readCommitted: boolean;
  readonly key: KafkaDeserializer;
  readonly value: KafkaDeserializer;
  readonly onOutOfRange: "fail" | "earliest" | "latest";
  readonly batchSize: number;
  readonly bufferBytes: number;
  readonly clientId: string;
  readonly tls: ConnectionOptions["tls"] | undefined;
  readonly sasl: ConnectionOptions["sasl"] | undefined;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** @throws WEIR_FLOW_OPTION naming the option */
export function sourceSettings(options: KafkaSourceOptions<KafkaFormat, KafkaFormat, unknown, unknown>): SourceSettings {
  checkOptionsObject("kafkaSource", options);
  for (const name of ["tls", "sasl"] as const)
    if (options[name] !== undefined) checkOptionsObject("kafkaSource", options[name], name);
  return {
    brokers: names("brokers", options.brokers, /^.+:\d+$/, "host:port, or a list of those"),
    topics: names("topics", options.topics, /^[\w.-]{1,249}$/, "the name of a topic, or a list of those"),
    start: startOf(options.start ?? "earliest"),
    untilEnd: oneOf("until", options.until, [undefined, "end"]) === "end",
    groupId: options.groupId === undefined ? undefined : text("groupId", options.groupId),
    readCommitted:
      oneOf("isolation", options.isolation ?? "read_committed", ["read_committed", "read_uncommitted"]) === "read_committed",
    key: deserializer("key", options.key ?? "bytes"),
    value: deserializer("value", options.value ?? "bytes"),
    onOutOfRange: oneOf("onOutOfRange", options.onOutOfRange ?? "fail", ["fail", "earliest", "latest"]),
    batchSize: whole("batchSize", options.batchSize ?? 1_000, 1),
    bufferBytes: whole("bufferBytes", options.bufferBytes ?? 32 << 20, 1),
    clientId: text("clientId", options.clientId ?? "weir"),
    tls: options.tls,
    sasl: options.sasl,
    requestTimeoutMs: whole("requestTimeoutMs", options.requestTimeoutMs ?? 10_000, 1_000),
    connectTimeoutMs: whole("connectTimeoutMs", options.connectTimeoutMs ?? 30_000, 0),
  };
}

function refuse(option: string, wanted: string, got: unknown): WeirError {
  return new WeirError("WEIR_FLOW_OPTION", `kafkaSource: ${option} must be ${wanted}, not ${show(got)}`);
}

function names(option: string, given: unknown, form: RegExp, wanted: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : typeof given === "string" ? given.split(",") : [given];
  if (list.length === 0) throw refuse(option, wanted, given);
  for (const one of list) if (typeof one !== "string" || !form.test(one)) throw refuse(option, wanted, one);
  return [...new Set(list as readonly string[])];
}

function oneOf<T>(option: string, given: T, allowed: readonly T[]): T {
  if (!allowed.includes(given))
    throw refuse(
      option,
      allowed
        .filter((one) => one !== undefined)
        .map(show)
        .join(" or "),
      given,
    );
  return given;
}

function text(option: string, given: unknown): string {
  if (typeof given !== "string" || given === "") throw refuse(option, "a non-empty string", given);
  return given;
}

function whole(option: string, given: unknown, least: number): number {
  if (!Number.isSafeInteger(given) || (given as number) < least) throw refuse(option, `a whole number of at least ${least}`, given);
  return given as number;
}

function deserializer(option: string, given: unknown): KafkaDeserializer {
  if (typeof given === "function") return given as KafkaDeserializer;
  return oneOf(option, given as "bytes", ["bytes", "string", "json"]);
}

function startOf(given: unknown): "earliest" | "latest" | number {
  if (given === "earliest" || given === "latest") return given;
  const time = (given as { timestamp?: unknown } | null)?.timestamp;
  const at = time instanceof Date ? time.getTime() : time;
  if (typeof at === "number" && Number.isFinite(at)) return Math.ceil(at);
  throw refuse("start", '"earliest", "latest" or { timestamp }', given);
}
