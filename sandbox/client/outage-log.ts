/** A log in which an API server's absence is one line in a while, and not one for every request that fails meanwhile. */
import { ApiError } from "./client.ts";

const quietMs = 10_000;

/** A function that reports errors in the name of `what`. */
export function outageLog(log: (message: string) => void, now: () => number = Date.now): (what: string, error: unknown) => void {
  let lastOutage = Number.NEGATIVE_INFINITY;
  return (what, error) => {
    const code = error instanceof ApiError ? error.code : 0;
    if (code > 0 && code < 500) return log(`${what}: ${String(error)}`);
    if (now() - lastOutage < quietMs) return undefined;
    lastOutage = now();
    return log(`the API server does not answer (${what}: ${error instanceof Error ? error.message : String(error)})`);
  };
}
