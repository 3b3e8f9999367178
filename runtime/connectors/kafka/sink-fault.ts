/**
 * What a failed request means to a sink: something that passes, the end of what this producer may do (a new one may start anew), or
 * something that only people can mend.
 */
import { isWeirError, WeirError } from "../../errors/index.ts";
import { faultName } from "./fault.ts";

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
