/**
 * Turns between workers of one thread, and between them and the event loop. While anybody is busy a turn costs a microtask; the
 * event loop gets its own every few milliseconds, and more and more of the time while nothing happens.
 */
import type { EngineWorker } from "./worker.ts";

const turnMs = 4;
/** Turns of the event loop to wait for something before sleeping in between. */
const eager = 16;

export interface Turns {
  /** Whether the event loop should have its turn. Reads the clock now and then only. */
  isDue(): boolean;
  next(): Promise<void>;
}

export function createTurns(workers: readonly EngineWorker[]): Turns {
  let calls = 0;
  let idle = 0;
  let end = performance.now() + turnMs;
  const isDue = (): boolean => (++calls & 15) === 0 && performance.now() >= end;
  return {
    isDue,
    async next() {
      const busy = workers.some((worker) => worker.busy());
      if (busy) idle = 0;
      if (busy && !isDue()) return;
      if (busy || ++idle < eager * workers.length) await new Promise((resolve) => setImmediate(resolve));
      else await new Promise((resolve) => setTimeout(resolve, 1));
      end = performance.now() + turnMs;
    },
  };
}
