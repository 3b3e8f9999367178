/**
 * A source that asks every so often. The timetable does not drift: the next time is the last one plus the interval, however
 * long asking took, and what was missed is asked at once, one by one. The position is whatever the getter keeps.
 */
import { WeirError } from "../errors/index.ts";
import { duration, instant } from "../flow/windows/instant.ts";
import { show } from "../flow/show.ts";
import type { Awaitable, PartitionedSource, SourcePart } from "../flow/source.ts";
import { RetryAfter } from "./retry-after.ts";

export interface PollingOptions<T, S> {
  intervalMs: number;
  /** Ask at this time, or a whole number of intervals away from it. By default the first time is at once. */
  alignTo?: number | Date;
  /** Gets the state it returned last, undefined at first; an undefined item is none. Throws `RetryAfter` to be asked again sooner or later than planned. */
  getter: (state: S | undefined) => Awaitable<readonly [item: T | undefined, state: S | undefined]>;
}

/** Has one part and never ends. Throws WEIR_FLOW_OPTION for an option that makes no sense. */
export function pollingSource<T, S>(options: PollingOptions<T, S>): PartitionedSource<T, S> {
  const { getter } = options;
  const interval = duration(options.intervalMs, "pollingSource: intervalMs");
  const alignTo = options.alignTo === undefined ? undefined : instant(options.alignTo, "pollingSource: alignTo");
  if (typeof getter !== "function")
    throw new WeirError("WEIR_FLOW_OPTION", `pollingSource: getter must be a function, not ${show(getter)}`);
  return {
    kind: "partitioned",
    listParts: () => ["singleton"],
    buildPart: (_part, resume, context) => new PollingPart(getter, interval, alignTo, context?.now ?? Date.now, resume),
  };
}

class PollingPart<T, S> implements SourcePart<T, S> {
  private readonly getter: PollingOptions<T, S>["getter"];
  private readonly interval: number;
  private readonly alignTo: number | undefined;
  private readonly now: () => number;
  private state: S | undefined;
  private awake: number;

  constructor(
    getter: PollingOptions<T, S>["getter"],
    interval: number,
    alignTo: number | undefined,
    now: () => number,
    resume: S | undefined,
  ) {
    this.getter = getter;
    this.interval = interval;
    this.alignTo = alignTo;
    this.now = now;
    this.state = resume;
    this.awake = this.onGrid(now());
  }

  async nextBatch(): Promise<readonly T[]> {
    const asked = this.now();
    if (asked < this.awake) return [];
    let answer: unknown;
    try {
      answer = await this.getter(this.state);
    } catch (error) {
      if (!(error instanceof RetryAfter)) throw error;
      this.awake = Math.max(this.awake, asked) + error.ms;
      return [];
    }
    if (!Array.isArray(answer) || answer.length !== 2) {
      throw new WeirError("WEIR_BAD_RETURN", `pollingSource: getter must return [item, state], not ${show(answer)}`);
    }
    const [item, state] = answer as [T | undefined, S | undefined];
    this.state = state;
    this.awake = this.following(this.awake);
    return item === undefined ? [] : [item];
  }
  nextAwake(): number {
    return this.awake;
  }
  snapshot(): S {
    return this.state as S;
  }

  /** The first instant of the grid at or after `time`. */
  private onGrid(time: number): number {
    if (this.alignTo === undefined) return time;
    return this.alignTo + Math.ceil((time - this.alignTo) / this.interval) * this.interval;
  }
  /** The next time after `time`, which a retry may have put off the grid. */
  private following(time: number): number {
    if (this.alignTo === undefined) return time + this.interval;
    return this.alignTo + (Math.floor((time - this.alignTo) / this.interval) + 1) * this.interval;
  }
}
