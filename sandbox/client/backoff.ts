/** Delays between attempts: exponential with a cap, jittered so that many clients of a server that comes back do not meet. */
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds before attempt `attempt` (0 is the first repetition), half fixed and half random. */
export function delayMs(attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole / 2 + (whole / 2) * random();
}

/** Resolves after the time or at the abort, whichever is first; never throws. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
