/**
 * Turns the workers' counters into records per second, from one look to the next. Counters are kept per process, so that one
 * that did not answer for a moment makes neither a dip nor a peak.
 */
import type { Facts } from "./facts.ts";
import { countersOf, type Counters } from "./rates.ts";

export interface Meter {
  readonly at: number;
  readonly execution: number;
  /** By process: what it said last, in this execution. */
  readonly last: Readonly<Record<number, Counters>>;
  /** Records since the meter was made; these only grow. */
  readonly totalIn: number;
  readonly totalOut: number;
  /** Records per second, smoothed over some seconds. */
  readonly input: number;
  readonly output: number;
  /** Two looks were compared at least once. */
  readonly measured: boolean;
}

export const idleMeter: Meter = { at: 0, execution: 0, last: {}, totalIn: 0, totalOut: 0, input: 0, output: 0, measured: false };

const smoothingMs = 5000;

export function metered(meter: Meter, facts: Facts, now: number): Meter {
  if (facts.workers.size === 0) return { ...meter, at: now, input: 0, output: 0 };
  const elapsed = now - meter.at;
  if (elapsed <= 0) return meter;
  const execution = facts.lead?.execution ?? meter.execution;
  const fresh = meter.at === 0 || execution !== meter.execution;
  const last: Record<number, Counters> = fresh ? {} : { ...meter.last };
  let deltaIn = 0;
  let deltaOut = 0;
  for (const [process, status] of facts.workers) {
    if (status.execution !== execution) continue;
    const counters = countersOf(status);
    const before = last[process];
    last[process] = counters;
    // A counter that shrank began anew: the process was restarted.
    if (before === undefined || counters.recordsIn < before.recordsIn || counters.recordsOut < before.recordsOut) continue;
    deltaIn += counters.recordsIn - before.recordsIn;
    deltaOut += counters.recordsOut - before.recordsOut;
  }
  const totals = { at: now, execution, last, totalIn: meter.totalIn + deltaIn, totalOut: meter.totalOut + deltaOut };
  // The first look at an execution has nothing to compare with: what was measured before stands.
  if (fresh) return { ...totals, input: meter.input, output: meter.output, measured: meter.measured };
  const weight = meter.input === 0 && meter.output === 0 ? 1 : 1 - Math.exp(-elapsed / smoothingMs);
  const blend = (before: number, delta: number) => before + weight * ((delta * 1000) / elapsed - before);
  return { ...totals, input: blend(meter.input, deltaIn), output: blend(meter.output, deltaOut), measured: true };
}
