/**
 * Kubernetes conditions: each type is always there, `lastTransitionTime` moves only with the status, reasons are words that
 * programs may match on.
 */
import type { Condition } from "../api/index.ts";

export interface Verdict {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export function condition(
  type: string,
  verdict: Verdict,
  before: readonly Condition[] | undefined,
  generation: number,
  now: number,
): Condition {
  const previous = before?.find((entry) => entry.type === type);
  const unchanged = previous !== undefined && previous.status === verdict.status;
  return {
    type,
    status: verdict.status,
    observedGeneration: generation,
    // Seconds, as Kubernetes writes them.
    lastTransitionTime: unchanged ? previous.lastTransitionTime : new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    reason: camelCase(verdict.reason),
    message: verdict.message.slice(0, 1024),
  };
}

/** Error codes become reasons: WEIR_STATE_DROPPED is WeirStateDropped. */
function camelCase(reason: string): string {
  if (!/^[A-Z0-9]+(_[A-Z0-9]+)+$/.test(reason)) return reason;
  return reason
    .toLowerCase()
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
