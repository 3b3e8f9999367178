/** Turns the workers' counters into records per second, from one look to the next. */
import type { Facts } from "./facts.ts";
import { totalsOf } from "./rates.ts";

export interface Meter {
  readonly at: number;
  readonly execution: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** Records per second, smoothed over some seconds. */
  readonly input: number;
  readonly output: number;
}

export const idleMeter: Meter = { at: 0, execution: 0, recordsIn: 0, recordsOut: 0, input: 0, output: 0 };

const smoothingMs = 5000;

export function metered(meter: Meter, facts: Facts, now: number): Meter {
  const { recordsIn, recordsOut } = totalsOf(facts);
  const execution = facts.lead?.execution ?? meter.execution;
  if (facts.workers.size === 0) return { ...idleMeter, at: now };
  const elapsed = now - meter.at;
  if (elapsed <= 0) return meter;
  // Counters begin anew with an execution, and shrink when a process is away.
  const fresh = meter.at === 0 || execution !== meter.execution || recordsIn < meter.recordsIn || recordsOut < meter.recordsOut;
  if (fresh) return { ...meter, at: now, execution, recordsIn, recordsOut };
  const weight = meter.input === 0 && meter.output === 0 ? 1 : 1 - Math.exp(-elapsed / smoothingMs);
  const blend = (before: number, delta: number) => before + weight * ((delta * 1000) / elapsed - before);
  return {
    at: now,
    execution,
    recordsIn,
    recordsOut,
    input: blend(meter.input, recordsIn - meter.recordsIn),
    output: blend(meter.output, recordsOut - meter.recordsOut),
  };
}
