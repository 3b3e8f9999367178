/** Delays that double, as pure numbers. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly mostMs: number;
}

/** Delay before attempt `failures + 1`; `failures` >= 1. */
export function backoff(failures: number, { baseMs, mostMs }: BackoffOptions): number {
  return Math.min(mostMs, baseMs * 2 ** Math.min(failures - 1, 40));
}

/** Between 50% and 100% of `delay`, so that many that failed together do not return together. */
export function jittered(delay: number, random: () => number): number {
  return delay * (0.5 + random() / 2);
}
