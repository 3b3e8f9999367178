/**
 * A service that stays away while a flow reads from it is waited for, and somebody should know: what is asked in vain is told in the
 * status, and, once that has lasted, in a warning, which is not repeated for every part that meets the same.
 */
import { explainFault } from "../../cloud/index.ts";
import type { Waiting } from "./patience.ts";

/** What one part, or the listing, waits for. */
export interface Wait {
  /** For `Patience`. */
  readonly onWait: (waiting: Waiting | undefined) => void;
  /** undefined: nothing is waited for. */
  readonly trouble: string | undefined;
}

/** Milliseconds between two warnings of one source. */
const warnEveryMs = 60_000;

/** @param lastsMs how long a request is tried before that is worth a warning */
export function createWaits(source: string, lastsMs: number): () => Wait {
  let warnedAt = -Infinity;
  return () => {
    let trouble: string | undefined;
    /** Since when, of what was warned of. */
    let since: number | undefined;
    return {
      get trouble() {
        return trouble;
      },
      onWait(waiting) {
        const now = performance.now();
        if (waiting === undefined) {
          if (since !== undefined) process.emitWarning(`${source} goes on after ${seconds(now - since)}: ${trouble}`);
          since = trouble = undefined;
          return;
        }
        trouble = explainFault(waiting.error, "WEIR_SOURCE_FAILED", waiting.what).message;
        if (since !== undefined || waiting.ms < lastsMs || now - warnedAt < warnEveryMs) return;
        warnedAt = now;
        since = now - waiting.ms;
        process.emitWarning(`${source} has waited for ${seconds(waiting.ms)}, and waits on: ${trouble}`);
      },
    };
  };
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
