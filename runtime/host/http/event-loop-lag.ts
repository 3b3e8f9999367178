/**
 * How late the event loop runs timers, for `/metrics`, under the names by which Node programs are known to report it. Each look
 * wakes the process, and wake-ups are most of what an idle one costs: it looks often while there is something to do, which may hold
 * the loop up, and seldom otherwise.
 */
import { createHistogram } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

/** Milliseconds between two looks; not in step with what runs each 100 or 200 ms, which would always or never be in the way. */
const whenBusy = 70;
const whenIdle = 1000;
/** A loop is idle when it has done something for less than this share of its time, so many looks in a row. */
const busyShare = 0.05;
const looksUntilIdle = 15;

export interface EventLoopLag {
  /** Sets the metrics to what was seen since the last call. */
  fill(): void;
  stop(): void;
}

/** @param share of the time since its last call in which the loop did something */
export function reportEventLoopLag(register: Registry, share = measureUse()): EventLoopLag {
  const seen = createHistogram();
  let busyLooks = looksUntilIdle;
  let due = performance.now();
  let timer: NodeJS.Timeout;
  const look = (after: number): void => {
    // At a steady rate: counted from when it came, the next look would follow what had held up this one at the same distance again.
    const now = performance.now();
    due = Math.max(due + after, now);
    timer = setTimeout(() => {
      seen.record(Math.max(1, Math.round((performance.now() - due) * 1e6)));
      busyLooks = share() < busyShare ? busyLooks - 1 : looksUntilIdle;
      look(busyLooks > 0 ? whenBusy : whenIdle);
    }, due - now);
    timer.unref();
  };
  look(whenBusy);

  const gauge = (figure: string, help: string): Gauge => {
    const name = `nodejs_eventloop_lag_${figure}_seconds`;
    register.removeSingleMetric(name);
    return new Gauge({ name, help, registers: [register] });
  };
  const min = gauge("min", "The shortest time by which a timer was late.");
  const max = gauge("max", "The longest time by which a timer was late.");
  const mean = gauge("mean", "The mean time by which timers were late.");
  const stddev = gauge("stddev", "The standard deviation of the times by which timers were late.");
  const percentiles = [50, 90, 99].map(
    (percentile) =>
      [percentile, gauge(`p${percentile}`, `Percentile ${percentile} of the times by which timers were late.`)] as const,
  );
  return {
    fill() {
      if (seen.count === 0) return;
      min.set(seen.min / 1e9);
      max.set(seen.max / 1e9);
      mean.set(seen.mean / 1e9);
      stddev.set(seen.stddev / 1e9);
      for (const [percentile, of] of percentiles) of.set(seen.percentile(percentile) / 1e9);
      seen.reset();
    },
    stop: () => clearTimeout(timer),
  };
}

function measureUse(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
