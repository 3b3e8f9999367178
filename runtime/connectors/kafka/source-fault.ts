/**
 * What a failed request means to a source: something that passes by itself (a broker restarts, a connection is cut, a partition is led
 * elsewhere), or something that only people can mend, which stops the flow and says what to do.
 */
import { isWeirError, WeirError } from "../../errors/index.ts";
import { faultName, isPassing } from "./fault.ts";

const remedies: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition, or this user may not see it; create it first",
  TOPIC_AUTHORIZATION_FAILED: "this user may not read there; allow it the operations Read and Describe on the topic",
  GROUP_AUTHORIZATION_FAILED: "this user may not use the consumer group; allow it the operation Read on the group",
  CLUSTER_AUTHORIZATION_FAILED: "this user may not use the cluster",
  SASL_AUTHENTICATION_FAILED: "the broker refused the credentials, or its way of asking for them",
  UNSUPPORTED_SASL_MECHANISM: "the broker does not offer this SASL mechanism on this port",
  INVALID_TOPIC_EXCEPTION: "this is no name for a topic",
  UNSUPPORTED_VERSION: "the broker is older than Kafka 3.0",
  CORRUPT_MESSAGE: "the broker finds its own log damaged there",
  TIMEOUT: "no answer came in time",
  NETWORK: "no connection could be made, or it was cut",
};

/** The name of Kafka's error or of what went wrong on the way; a certificate that is refused is not the network's fault. */
export function sourceFaultName(error: unknown): string {
  return certificateFault(error) ?? faultName(error);
}

function certificateFault(error: unknown): string | undefined {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: readonly unknown[] };
  if (typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_(TLS|SSL)/.test(code)) return code;
  const inner = cause === undefined ? undefined : certificateFault(cause);
  return inner ?? errors?.map(certificateFault).find((name) => name !== undefined);
}

/** The same request may succeed if it is sent again. */
export function passes(error: unknown): boolean {
  const name = sourceFaultName(error);
  return name === "OFFSET_NOT_AVAILABLE" || (isPassing(name) && name !== "CORRUPT_MESSAGE");
}

/** @param doing what was under way, such as `read topic "a"` */
export function sourceFault(doing: string, error: unknown): WeirError {
  if (isWeirError(error)) return error;
  const name = sourceFaultName(error);
  const why = remedies[name] ?? certificateWords(error) ?? (error instanceof Error ? error.message : String(error));
  return new WeirError("WEIR_SOURCE_FAILED", `Cannot ${doing}: ${why} (${name})`, { cause: error });
}

function certificateWords(error: unknown): string | undefined {
  return certificateFault(error) === undefined ? undefined : "the broker's certificate is refused; name its authority by tls.ca";
}

export interface PatienceOptions {
  readonly doing: string;
  /** From the first try; Infinity = until `given`. */
  readonly withinMs: number;
  /** True once nobody wants the result any more. */
  readonly given?: () => boolean;
  /** Before each pause. */
  readonly onFault?: (error: unknown) => void;
  /** A topic that was just made may not be known to every broker yet. */
  readonly unknownTopicMs?: number;
}

/** Tries again what passes, in growing pauses. @throws WEIR_SOURCE_FAILED when time is up, and at once for what does not pass */
export async function patiently<T>(attempt: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const began = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const unknown = faultName(error) === "UNKNOWN_TOPIC_OR_PARTITION";
      const within = unknown ? (options.unknownTopicMs ?? 0) : passes(error) ? options.withinMs : 0;
      const pause = pauseAfter(tries);
      if (performance.now() - began + pause > within || options.given?.() === true) throw sourceFault(options.doing, error);
      options.onFault?.(error);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

const firstPauseMs = 50;
const longestPauseMs = 2_000;

/** Milliseconds to wait after so many failures in a row; spread, so that workers do not all come back at once. */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
  return pause * (0.75 + random() / 2);
}
