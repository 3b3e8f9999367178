/**
 * What a failed request is called, and whether it may pass. Kafka's answers have names (PRODUCER_FENCED, …); what never got an answer is
 * "NETWORK" or "TIMEOUT". What it means is told by source-fault.ts and sink-fault.ts.
 */

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
