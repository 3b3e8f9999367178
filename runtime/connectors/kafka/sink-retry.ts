/** Trying again what may pass, with growing pauses and an end. */
import { faultName, isPassing } from "./fault.ts";
import { interrupted, sinkFault } from "./sink-fault.ts";

export interface RetryOptions {
  /** What is under way, such as `commit a transaction`. */
  readonly doing: string;
  /** From the first try. */
  readonly withinMs: number;
  /** Called after each failure that may pass. */
  readonly onFault?: (name: string) => void;
  /** True once nobody wants the result any more. */
  readonly given?: () => boolean;
  /** Faults to be handed to the caller as they are. */
  readonly except?: (name: string) => boolean;
  /** Taken for passing here, besides those that always are. */
  readonly also?: (name: string) => boolean;
}

const firstPauseMs = 20;
const longestPauseMs = 1_000;

/** @throws WEIR_SINK_INTERRUPTED when time is up, what cannot pass at once, and what is excepted as it came */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const deadline = performance.now() + options.withinMs;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      const name = faultName(error);
      if (options.except?.(name) === true) throw error;
      if (!isPassing(name) && options.also?.(name) !== true) throw sinkFault(options.doing, error);
      options.onFault?.(name);
      if (options.given?.() === true) throw interrupted(options.doing, "the flow has ended", error);
      if (performance.now() + pause > deadline)
        throw interrupted(options.doing, `no success within ${options.withinMs / 1000} s, the last answer being ${name}`, error);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
