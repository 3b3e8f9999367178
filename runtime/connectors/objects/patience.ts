/**
 * Tries a request again, with growing pauses, while what went wrong may pass: no answer, a cut connection, 408, 429 and 5xx. How long in
 * all is the connector's patience; then the error says what was tried and for how long.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { explainFault, faultOf, withDeadline } from "../../cloud/index.ts";
import { type ErrorCode, isWeirError, WeirError } from "../../errors/index.ts";

export interface Patience {
  /** Milliseconds that one try may take. */
  readonly timeoutMs: number;
  /** Milliseconds for which a request is tried again. */
  readonly patienceMs: number;
  /** Of errors that are the request's own fault: they are not tried again. */
  readonly code: ErrorCode;
  /** Of errors that were waited for in vain; default `code`. */
  readonly exhausted?: ErrorCode;
  /** Ends all waiting: whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
  /** Told before each pause what is waited for, and undefined once it was answered after all. */
  readonly onWait?: (waiting: Waiting | undefined) => void;
}
export interface Waiting {
  readonly what: string;
  readonly error: unknown;
  /** Since the first try, in milliseconds. */
  readonly ms: number;
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** @param expected errors that mean something to the caller: they are handed on as they are */
export async function patiently<T>(
  { timeoutMs, patienceMs, code, exhausted = code, signal, onWait }: Patience,
  what: string,
  request: (signal: AbortSignal) => Promise<T>,
  expected: (error: unknown) => boolean = () => false,
): Promise<T> {
  const began = performance.now();
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      signal?.throwIfAborted();
      const answer = await withDeadline(timeoutMs, code, what, (deadline) =>
        request(signal === undefined ? deadline : AbortSignal.any([deadline, signal])),
      );
      if (pause > firstPauseMs) onWait?.(undefined);
      return answer;
    } catch (error) {
      if (signal?.aborted === true) throw new WeirError("WEIR_EXECUTION_ENDED", `${what}: given up, as the flow has ended`);
      if (expected(error)) throw error;
      if (!mayPass(error)) throw explainFault(error, code, what);
      const waited = performance.now() - began;
      if (waited + pause > patienceMs) {
        const last = explainFault(error, exhausted, what);
        throw new WeirError(exhausted, `${last.message} (tried for ${Math.round(waited / 1000)} s)`, { cause: last.cause });
      }
      onWait?.({ what, error, ms: waited });
      // Many workers that met the same fault do not come back at the same instant.
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }
}

export function mayPass(error: unknown): boolean {
  if (isWeirError(error)) return (error.cause as Error | undefined)?.name === "TimeoutError";
  const { status } = faultOf(error);
  if (status !== undefined) return status < 400 || status === 408 || status === 429 || status >= 500;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return false;
  return (error as Error | null)?.name !== "CredentialsProviderError";
}
