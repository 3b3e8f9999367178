/**
 * The clock of values that carry no time: a value's timestamp is the system time at which its batch is handled, and so is the
 * watermark; nothing is ever late. A system clock that is set back holds still until it has caught up, across a resume too.
 */
import { checkOptionalCall, checkOptionsObject } from "../option-checks.ts";
import { type ClockReader, type ReadableClock, buildReader } from "./clock-reader.ts";
import type { Clock, ClockLogic } from "./types.ts";

/** System time is the run's clock, or `now`. Throws WEIR_FLOW_OPTION when that is no function. */
export function systemClock(options: { now?: () => number } = {}): Clock<unknown> {
  checkOptionsObject("systemClock", options);
  const { now } = options;
  checkOptionalCall("systemClock", "now", now);
  const clock: ReadableClock<unknown> = {
    build: (resume) => new SystemClockLogic(now ?? Date.now, now ?? Date.now, resume),
    [buildReader]: (resume, runNow) => new SystemClockLogic(now ?? runNow, runNow, resume),
  };
  return clock;
}

class SystemClockLogic implements ClockLogic<unknown>, ClockReader<unknown> {
  watermark: number;
  private readonly now: () => number;
  /** The clock by which keys are woken. */
  private readonly runNow: () => number;

  constructor(now: () => number, runNow: () => number, resume: unknown) {
    this.now = now;
    this.runNow = runNow;
    this.watermark = typeof resume === "number" ? resume : -Infinity;
    this.beforeBatch();
  }
  beforeBatch(): void {
    const now = this.now();
    if (now > this.watermark) this.watermark = now;
  }
  read(_value: unknown): number {
    return this.watermark;
  }
  onItem(_value: unknown): readonly [number, number] {
    return [this.watermark, this.watermark];
  }
  notify(): void {
    this.beforeBatch();
  }
  onNotify(): number {
    this.beforeBatch();
    return this.watermark;
  }
  onEof(): number {
    return Infinity;
  }
  toSystem(timestamp: number): number {
    // A clock of the user's own may stand still or be set to any time: what is left until then counts, not the time it shows.
    return this.now === this.runNow ? timestamp : this.runNow() + Math.max(0, timestamp - this.now());
  }
  snapshot(): number {
    return this.watermark;
  }
}
