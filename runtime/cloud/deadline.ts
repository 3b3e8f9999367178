/** Bounds an operation in time: a store or a bucket that never answers is an error, not a hang. */
import { type ErrorCode, WeirError } from "../errors/index.ts";

export const defaultTimeoutMs = 60_000;

/**
 * Runs `operation` with a signal that fires at the deadline; rejects then even when the operation ignores the signal.
 * @throws a WeirError of `code` that names `what`
 */
export async function withDeadline<T>(
  milliseconds: number,
  code: ErrorCode,
  what: string,
  operation: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const cause = new DOMException("the time is up", "TimeoutError");
      const error = new WeirError(code, `${what}: no answer within ${milliseconds} ms`, { cause });
      reject(error);
      controller.abort(error);
    }, milliseconds);
  });
  try {
    return await Promise.race([operation(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}
