/** Adds up what the workers say about their throughput. */
import type { Sample } from "../autoscale/index.ts";
import type { Facts } from "./facts.ts";
import type { WorkerStatus } from "./state.ts";

export interface Totals {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly busy: number;
  readonly lag: number | undefined;
}

export function totalsOf(facts: Facts): Totals {
  const active = [...facts.workers.entries()].filter(([process]) => process < (facts.topology ?? 0)).map(([, status]) => status);
  let recordsIn = 0;
  let recordsOut = 0;
  for (const status of active) {
    const read = new Set<string>();
    for (const { upstream, recordsIn: into, recordsOut: outOf } of status.steps) {
      for (const before of upstream) read.add(before);
      if (upstream.length === 0) recordsIn += Math.max(into, outOf);
    }
    // What nobody reads further is an end of the flow.
    for (const { step, upstream, recordsIn: into } of status.steps) if (upstream.length > 0 && !read.has(step)) recordsOut += into;
  }
  const busy = active.length === 0 ? 0 : active.reduce((sum, status) => sum + status.busy, 0) / active.length;
  return { recordsIn, recordsOut, busy, lag: lagOf(active) };
}

/** A part that two processes name (while it moves) counts once. */
function lagOf(active: readonly WorkerStatus[]): number | undefined {
  const byPart = new Map<string, number>();
  for (const status of active) {
    for (const { step, part, lag } of status.sources) {
      if (lag === undefined) continue;
      const key = JSON.stringify([step, part]);
      byPart.set(key, Math.max(byPart.get(key) ?? 0, lag));
    }
  }
  return byPart.size === 0 ? undefined : [...byPart.values()].reduce((sum, lag) => sum + lag, 0);
}

export function sampleOf(now: number, facts: Facts): Sample {
  const { recordsIn, busy, lag } = totalsOf(facts);
  return { at: now, execution: facts.lead?.execution ?? 0, workers: facts.topology ?? 0, recordsIn, busy, lag };
}
