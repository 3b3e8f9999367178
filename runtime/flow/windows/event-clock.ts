/**
 * The clock of values that carry their own time. With `base` the highest timestamp − waitMs and `since` the system time at
 * which it was reached,
 *
 *   watermark = base + (system − since)        system: the latest time the system clock has shown
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
  const built: Settings<V> = { timestamp, waitMs, own: now ?? Date.now };
  const read: Settings<V> = { timestamp, waitMs, own: now };
  const clock: ReadableClock<V> = {
    build: (resume) => new EventClockLogic(built, resume),
    [buildReader]: (resume, runNow) => new EventClockLogic(read, resume, runNow),
  };
  return clock;
}

/** What the keys of a step share. */
interface Settings<V> {
  readonly timestamp: (value: V) => number | Date;
  readonly waitMs: number;
  /** The system clock, unless it is the run's: then each call is told what time it is. */
  readonly own: (() => number) | undefined;
}

class EventClockLogic<V> implements ClockLogic<V>, ClockReader<V> {
  // They begin as numbers that are no integers: so V8 keeps them in place and allocates nothing when they change.
  private base = -Infinity;
  private since = -Infinity;
  /** The latest reading of the system clock. */
  private system = -Infinity;
  private readonly settings: Settings<V>;

  constructor(settings: Settings<V>, resume: unknown, runNow?: number) {
    this.settings = settings;
    if (typeof resume === "number") this.base = resume;
    this.since = this.system = this.now(runNow);
  }
  get watermark(): number {
    return this.base + (this.system - this.since);
  }
  beforeBatch(runNow?: number): void {
    const now = this.now(runNow);
    if (now > this.system) this.system = now;
  }
  read(value: V): number {
    const { timestamp, waitMs } = this.settings;
    const given = timestamp(value);
    const time = typeof given === "number" ? given : timeOf(given);
    // Zero for every finite number, NaN for the rest.
    if (time - time !== 0) throw badTimestamp(given, value);
    const candidate = time - waitMs;
    if (candidate > this.watermark) {
      this.base = candidate;
      this.since = this.system;
    }
    return time;
  }
  onItem(value: V): readonly [number, number] {
    const time = this.read(value);
    return [time, this.watermark];
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
  toSystem(timestamp: number, runNow?: number): number | undefined {
    if (this.base === -Infinity) return undefined;
    const due = this.since + (timestamp - this.base);
    const { own } = this.settings;
    // A clock of the user's own may stand still or be set to any time: what is left until then counts, not the time it shows.
    return own === undefined || runNow === undefined ? due : runNow + Math.max(0, due - own());
  }
  /** Null before the first value (and for ever when `waitMs` is Infinity). */
  snapshot(runNow?: number): number | null {
    this.beforeBatch(runNow);
    return this.watermark === -Infinity ? null : this.watermark;
  }

  private now(runNow: number | undefined): number {
    const { own } = this.settings;
    return own === undefined ? runNow! : own();
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
