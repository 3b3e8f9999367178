/** A token bucket: so many at once, so many per second on average. Keeps a storm of failures away from the API server. */
import { sleep, type Clock } from "./clock.ts";

export interface RateLimit {
  /** Resolves when the next request may be sent, in the order of asking. */
  admit(signal?: AbortSignal): Promise<void>;
}

export function createRateLimit(clock: Clock, perSecond: number, burst: number): RateLimit {
  let tokens = burst;
  let at = clock.now();
  return {
    async admit(signal) {
      const now = clock.now();
      tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000);
      at = now;
      tokens -= 1;
      if (tokens < 0) await sleep(clock, (-tokens * 1000) / perSecond, signal);
    },
  };
}
