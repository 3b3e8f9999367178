/** Adds up what the workers say about their throughput, load and lag. */
import type { Facts } from "./facts.ts";
import type { WorkerStatus } from "./state.ts";

export interface Counters {
  /** Records read from sources. */
  readonly recordsIn: number;
  /** Records that reached the ends of the flow. */
  readonly recordsOut: number;
}

export function countersOf(status: WorkerStatus): Counters {
  const read = new Set<string>();
  let recordsIn = 0;
  let recordsOut = 0;
  for (const step of status.steps) {
    for (const before of step.upstream) read.add(before);
    if (step.upstream.length === 0) recordsIn += Math.max(step.recordsIn, step.recordsOut);
  }
  for (const step of status.steps) if (step.upstream.length > 0 && !read.has(step.step)) recordsOut += step.recordsIn;
  return { recordsIn, recordsOut };
}

export interface Load {
  /** Mean busy share of the processes in the topology, 0..1. */
  readonly busy: number;
  /** Records not read yet; undefined where no source knows. */
  readonly lag: number | undefined;
}

export function loadOf(facts: Facts): Load {
  const active = [...facts.workers.entries()].filter(([process]) => process < (facts.topology ?? 0)).map(([, status]) => status);
  const busy = active.length === 0 ? 0 : active.reduce((sum, status) => sum + status.busy, 0) / active.length;
  return { busy, lag: lagOf(active) };
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
