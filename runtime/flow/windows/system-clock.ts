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
    build: (resume) => new SystemClockLogic(now ?? Date.now, resume),
    [buildReader]: (resume, runNow) => new SystemClockLogic(now, resume, runNow),
  };
  return clock;
}

class SystemClockLogic implements ClockLogic<unknown>, ClockReader<unknown> {
  watermark = -Infinity;
  /** Undefined when it is the run's: then each call is told what time it is. */
  private readonly own: (() => number) | undefined;

  constructor(own: (() => number) | undefined, resume: unknown, runNow?: number) {
    this.own = own;
    if (typeof resume === "number") this.watermark = resume;
    this.beforeBatch(runNow);
  }
  beforeBatch(runNow?: number): void {
    const now = this.own === undefined ? runNow! : this.own();
    if (now > this.watermark) this.watermark = now;
  }
  read(_value: unknown): number {
    return this.watermark;
  }
  onItem(_value: unknown): readonly [number, number] {
    return [this.watermark, this.watermark];
  }
  notify(runNow: number): void {
    this.beforeBatch(runNow);
  }
  onNotify(): number {
    this.beforeBatch();
    return this.watermark;
  }
  onEof(): number {
    return Infinity;
  }
  toSystem(timestamp: number, runNow?: number): number {
    const { own } = this;
    // A clock of the user's own may stand still or be set to any time: what is left until then counts, not the time it shows.
    return own === undefined || runNow === undefined ? timestamp : runNow + Math.max(0, timestamp - own());
  }
  snapshot(): number {
    return this.watermark;
  }
}
