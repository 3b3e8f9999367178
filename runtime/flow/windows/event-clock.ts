/**
 * The clock of values that carry their own time. With `base` the highest timestamp − waitMs and `since` the system time at
 * which it was reached,
 *
 *   watermark = base + (system time − since)
 *
 * so time goes on for a key that falls silent. Invariant: the watermark never goes back; a system clock that is set back holds
 * still until it has caught up. A snapshot keeps the watermark alone: after a resume it moves on from there, and the time in
 * between does not count, or a flow that was down for a while would find late what it reads again.
 */
import { WeirError } from "../../errors/index.ts";
import { checkOptionalCall, checkOptionsObject } from "../option-checks.ts";
import { show } from "../show.ts";
import { type ClockReader, type ReadableClock, buildReader } from "./clock-reader.ts";
import type { Clock, ClockLogic } from "./types.ts";

interface EventClockOptions<V> {
  timestamp: (value: V) => number | Date;
  waitMs: number;
  now?: () => number;
}

/**
 * `waitMs` is how long to wait for values that are out of order; Infinity = windows close only at end of input.
 * Throws WEIR_FLOW_OPTION when it is negative or NaN, and for what is no function. A `timestamp` that returns no valid time stops the flow (WEIR_BAD_RETURN).
 */
export function eventClock<V>(options: EventClockOptions<V>): Clock<V> {
  checkOptionsObject("eventClock", options);
  const { timestamp, waitMs, now } = options;
  if (typeof timestamp !== "function") {
    throw new WeirError("WEIR_FLOW_OPTION", `eventClock: timestamp must be a function, not ${show(timestamp)}`);
  }
  if (typeof waitMs !== "number" || !(waitMs >= 0)) {
    throw new WeirError(
      "WEIR_FLOW_OPTION",
      `eventClock: waitMs must be zero or more milliseconds, or Infinity, not ${show(waitMs)}`,
    );
  }
  checkOptionalCall("eventClock", "now", now);
  const clock: ReadableClock<V> = {
    build: (resume) => new EventClockLogic(timestamp, waitMs, now ?? Date.now, now ?? Date.now, resume),
    [buildReader]: (resume, runNow) => new EventClockLogic(timestamp, waitMs, now ?? runNow, runNow, resume),
  };
  return clock;
}

class EventClockLogic<V> implements ClockLogic<V>, ClockReader<V> {
  watermark: number;
  private base: number;
  private since: number;
  /** The latest reading of the system clock. */
  private system: number;
  private readonly timestamp: (value: V) => number | Date;
  private readonly waitMs: number;
  private readonly now: () => number;
  /** The clock by which keys are woken. */
  private readonly runNow: () => number;

  constructor(timestamp: (value: V) => number | Date, waitMs: number, now: () => number, runNow: () => number, resume: unknown) {
    this.timestamp = timestamp;
    this.waitMs = waitMs;
    this.now = now;
    this.runNow = runNow;
    this.watermark = this.base = typeof resume === "number" ? resume : -Infinity;
    this.since = this.system = now();
  }
  beforeBatch(): void {
    const now = this.now();
    if (now > this.system) {
      this.system = now;
      this.watermark = this.base + (now - this.since);
    }
  }
  read(value: V): number {
    const given = this.timestamp(value);
    const time = typeof given === "number" ? given : timeOf(given);
    // Zero for every finite number, NaN for the rest.
    if (time - time !== 0) throw badTimestamp(given, value);
    const candidate = time - this.waitMs;
    if (candidate > this.watermark) {
      this.watermark = this.base = candidate;
      this.since = this.system;
    }
    return time;
  }
  onItem(value: V): readonly [number, number] {
    const time = this.read(value);
    return [time, this.watermark];
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
  toSystem(timestamp: number): number | undefined {
    if (this.base === -Infinity) return undefined;
    const due = this.since + (timestamp - this.base);
    // A clock of the user's own may stand still or be set to any time: what is left until then counts, not the time it shows.
    return this.now === this.runNow ? due : this.runNow() + Math.max(0, due - this.now());
  }
  /** Null before the first value (and for ever when `waitMs` is Infinity). */
  snapshot(): number | null {
    this.beforeBatch();
    return this.watermark === -Infinity ? null : this.watermark;
  }
}

function timeOf(given: unknown): number {
  return given instanceof Date ? given.getTime() : NaN;
}

function badTimestamp(given: unknown, value: unknown): WeirError {
  return new WeirError(
    "WEIR_BAD_RETURN",
    `eventClock's timestamp() must return a valid Date or finite milliseconds, and returned ${show(given)} for ${show(value)}`,
  );
}
