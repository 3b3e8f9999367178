/**
 * Which failures a flow goes on after, how soon, and how often in a row.
 *
 * Invariant: a commit is progress, and begins the count anew; without any, a failure that might pass is taken as lasting in the end.
 */
import type { WeirError } from "../errors/index.ts";
import { mayPass } from "./passing.ts";

export interface Restarts {
  /** The flow may go on after this, from where it was last safe. */
  passes(error: WeirError): boolean;
  /** Resolves when it is time for the next attempt; false: there were too many without progress. */
  again(error: WeirError): Promise<boolean>;
  progress(): void;
}

/** Consecutive executions without a commit before a failure that might pass is taken as lasting. */
const attemptsWithoutProgress = 8;

export function createRestarts(options: {
  /** There is a store: what was read since the last snapshot can be read again. */
  readonly durable: boolean;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onRestart: (error: WeirError, attempt: number) => void;
}): Restarts {
  let attempt = 0;
  return {
    // Without a store there is no snapshot: what a sink has not made durable cannot be made again without making all of it again.
    passes: (error) => mayPass(error) && (options.durable || error.code !== "WEIR_SINK_INTERRUPTED"),
    async again(error) {
      attempt++;
      if (attempt > attemptsWithoutProgress) return false;
      options.onRestart(error, attempt);
      // The first time at once: mostly a peer was lost, and whether it is back is waited for anyway.
      if (attempt > 1) await options.sleep(Math.min(100 * 2 ** (attempt - 2), 5000));
      return true;
    },
    progress: () => void (attempt = 0),
  };
}
