/**
 * A clock as the window logic reads it: the timestamp is returned and the watermark is a field, so that reading a value
 * allocates nothing. The clocks of this folder are readers themselves; one that a user wrote is wrapped and checked.
 * Invariant: `watermark` never goes back and is never NaN; a timestamp is finite.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import type { Clock, ClockLogic } from "./types.ts";

export interface ClockReader<V> {
  /** As of the last call of `beforeBatch`, `read` or `notify`. */
  readonly watermark: number;
  /** `now` is the time of the run's system clock, here and below: for clocks that were not given their own. */
  beforeBatch(now: number): void;
  /** Returns the timestamp and moves the watermark. Throws WEIR_BAD_RETURN for what is no time. */
  read(value: V): number;
  notify(now: number): void;
  /** The watermark of an ended input; not kept. */
  onEof(): number;
  toSystem(timestamp: number, now: number): number | undefined;
  snapshot(now: number): unknown;
}

/** Implemented by the clocks of this folder: builds with the run's system clock unless the user gave one. */
export const buildReader: unique symbol = Symbol("weir.window.buildReader");
export interface ReadableClock<V> extends Clock<V> {
  [buildReader](resume: unknown, now: number): ClockReader<V>;
}

export function readerOf<V>(clock: Clock<V>, resume: unknown, now: number): ClockReader<V> {
  const readable = clock as Partial<ReadableClock<V>>;
  return readable[buildReader] === undefined ? new CheckedClock(clock.build(resume)) : readable[buildReader](resume, now);
}

class CheckedClock<V> implements ClockReader<V> {
  watermark = -Infinity;
  private readonly logic: ClockLogic<V>;

  constructor(logic: ClockLogic<V>) {
    this.logic = logic;
  }
  beforeBatch(): void {
    this.logic.beforeBatch();
  }
  read(value: V): number {
    const read: unknown = this.logic.onItem(value);
    if (!Array.isArray(read) || !Number.isFinite(read[0]) || !isWatermark(read[1])) {
      throw new WeirError(
        "WEIR_BAD_RETURN",
        `the clock's onItem() must return [timestamp, watermark], finite and not NaN, not ${show(read)}`,
      );
    }
    if (read[1] > this.watermark) this.watermark = read[1];
    return read[0];
  }
  notify(): void {
    const watermark = checkWatermark(this.logic.onNotify(), "onNotify()");
    if (watermark > this.watermark) this.watermark = watermark;
  }
  onEof(): number {
    return checkWatermark(this.logic.onEof(), "onEof()");
  }
  toSystem(timestamp: number): number | undefined {
    return this.logic.toSystem(timestamp);
  }
  snapshot(): unknown {
    return this.logic.snapshot();
  }
}

function isWatermark(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}
function checkWatermark(value: unknown, method: string): number {
  if (isWatermark(value)) return value;
  throw new WeirError("WEIR_BAD_RETURN", `the clock's ${method} must return a watermark, a number, not ${show(value)}`);
}
