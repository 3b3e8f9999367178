/** Time moved by hand. */
import type { Clock } from "../../../controller/machinery/index.ts";

export interface FakeClock extends Clock {
  /** Runs what is due, in order, letting promises settle in between. */
  advance(ms: number): Promise<void>;
  pending(): number;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

export function createFakeClock(start = 1_000_000): FakeClock {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    after: (delay, callback) => {
      const timer = { at: now + delay, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pending: () => timers.size,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const next = [...timers].filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        timers.delete(next);
        next.callback();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}
