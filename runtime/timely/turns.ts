/**
 * Turns between workers of one thread, and between them and the event loop. While anybody is busy a turn costs a microtask; the
 * event loop gets its own every few milliseconds, and more and more of the time while nothing happens.
 *
 * Invariant: all workers wait for the event loop's turn together. One that went on meanwhile would keep the others waiting.
 */
import type { EngineWorker } from "./worker.ts";

const turnMs = 4;
/** Turns of the event loop in a row that bring nothing, after which it sleeps in between. */
const eager = 16;
/** Milliseconds in which nothing moves, after which somebody should be told. */
const patience = 5_000;

export interface Turns {
  /** Whether the event loop should have its turn. Reads the clock now and then only. */
  isDue(): boolean;
  next(): Promise<void> | undefined;
}

/** `onStill` is called once when nothing has moved for seconds. */
export function createTurns(workers: readonly EngineWorker[], onStill: () => void): Turns {
  let calls = 0;
  let idle = 0;
  let still = Infinity;
  let end = performance.now() + turnMs;
  let pause: Promise<void> | undefined;
  const isDue = (): boolean => (++calls & 15) === 0 && performance.now() >= end;
  const wait = async (): Promise<void> => {
    if (idle < eager) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => setTimeout(resolve, 1));
    pause = undefined;
    const now = performance.now();
    end = now + turnMs;
    if (idle === eager) still = now + patience;
    if (idle > eager && now >= still) {
      still = Infinity;
      onStill();
    }
  };
  return {
    isDue,
    next() {
      if (pause !== undefined) return pause;
      const busy = workers.some((worker) => worker.busy());
      idle = busy ? 0 : idle + 1;
      if (!busy || isDue()) pause = wait();
      return pause;
    },
  };
}
