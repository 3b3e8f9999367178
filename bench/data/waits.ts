/** Waiting times as the row `latency` shows them, Weir's and peers'. */
import type { Measurement } from "../row.ts";

/** In milliseconds, in any order. The 99th percentile is what counts. */
export function waitsMeasured(waits: readonly number[]): Measurement {
  if (waits.length === 0) throw new Error("latency: nothing came after the warm-up");
  const sorted = waits.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { value: quantile(0.99), also: { "p50 ms": quantile(0.5), "max ms": quantile(1) } };
}

/** What a peer does of the row: its first 3 s are left out by its own program. */
export const peerLatency = { perSecond: 10_000, seconds: { full: 8, brief: 5, tiny: 4 } } as const;
