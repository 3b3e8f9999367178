/**
 * What a failed request means. Kafka's answers have names (PRODUCER_FENCED, …); what never got an answer is "NETWORK" or "TIMEOUT".
 * Three kinds: to be tried again, the end of what this producer may do (a new one may start anew), and what only people can mend.
 */
import { isWeirError, WeirError } from "../../errors/index.ts";

/** The name of Kafka's error, "NETWORK", "TIMEOUT", or "OTHER". Of several (brokers are tried in turn) the one that says most. */
export function faultName(error: unknown): string {
  const names = [...namesIn(error)];
  return names.find((name) => !vague.has(name)) ?? names[0] ?? "OTHER";
}

const vague = new Set(["NETWORK", "TIMEOUT", "OTHER"]);

/** From the outermost inwards: the library wraps what a broker refused into what its connection came to. */
function* namesIn(error: unknown): Iterable<string> {
  const { apiId, code, errors, cause, message } = (error ?? {}) as {
    apiId?: string;
    code?: string;
    errors?: readonly unknown[];
    cause?: unknown;
    message?: string;
  };
  if (apiId !== undefined) yield apiId;
  if (code === "PLT_KFK_AUTHENTICATION") yield "SASL_AUTHENTICATION_FAILED";
  for (const inner of errors ?? []) yield* namesIn(inner);
  if (cause !== undefined) yield* namesIn(cause);
  if (message?.includes("timed out") === true) yield "TIMEOUT";
  else if (code === "PLT_KFK_NETWORK" || (typeof code === "string" && /^E[A-Z]+$/.test(code))) yield "NETWORK";
}

const passing = new Set([
  "NETWORK",
  "TIMEOUT",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR",
  "TRANSACTION_COORDINATOR_FENCED",
  "CONCURRENT_TRANSACTIONS",
  "NOT_LEADER_OR_FOLLOWER",
  "LEADER_NOT_AVAILABLE",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "REPLICA_NOT_AVAILABLE",
  "NOT_ENOUGH_REPLICAS",
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  "REQUEST_TIMED_OUT",
  "BROKER_NOT_AVAILABLE",
  "NETWORK_EXCEPTION",
  "KAFKA_STORAGE_ERROR",
  "CORRUPT_MESSAGE",
  "OPERATION_NOT_ATTEMPTED",
  "THROTTLING_QUOTA_EXCEEDED",
]);

/** The same request may succeed if it is sent again. */
export function isPassing(name: string): boolean {
  return passing.has(name);
}

/** Somebody else, or the broker's clock, has ended what this producer had begun. */
export const endedNames: ReadonlySet<string> = new Set([
  "INVALID_PRODUCER_EPOCH",
  "PRODUCER_FENCED",
  "INVALID_TXN_STATE",
  "INVALID_PRODUCER_ID_MAPPING",
  "UNKNOWN_PRODUCER_ID",
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "TRANSACTION_ABORTABLE",
]);

const remedies: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition, or this user may not see it; create it first",
  TOPIC_AUTHORIZATION_FAILED: "this user may not write there; allow it the operation Write on the topic",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    "this user may not use the transactional id; allow it Write and Describe on transactional ids with the sink's prefix",
  CLUSTER_AUTHORIZATION_FAILED: "this user may not write idempotently; allow it IdempotentWrite on the cluster",
  SASL_AUTHENTICATION_FAILED: "the broker refused the credentials, or its way of asking for them",
  INVALID_TRANSACTION_TIMEOUT: "transactionTimeoutMs is above the broker's transaction.max.timeout.ms",
  INVALID_TOPIC_EXCEPTION: "this is no name for a topic",
  UNSUPPORTED_VERSION: "the broker is older than Kafka 3.0",
  INVALID_RECORD: "the topic takes no such record (a compacted topic wants keys, for instance)",
  INVALID_TIMESTAMP: "the topic takes no record with such a timestamp (see message.timestamp.before.max.ms)",
};

/** @param doing what was under way, such as `write to topic "a"` */
export function sinkFault(doing: string, error: unknown): WeirError {
  if (isWeirError(error)) return error;
  const name = faultName(error);
  if (endedNames.has(name)) return interrupted(doing, `the broker ended it (${name})`, error);
  const why = remedies[name] ?? (error instanceof Error ? error.message : String(error));
  return new WeirError("WEIR_SINK_FAILED", `Cannot ${doing}: ${why} (${name})`, { cause: error });
}

export function interrupted(doing: string, why: string, cause?: unknown): WeirError {
  return new WeirError(
    "WEIR_SINK_INTERRUPTED",
    `Cannot ${doing}: ${why}. With a recovery store the flow goes on from its last snapshot`,
    { cause },
  );
}
