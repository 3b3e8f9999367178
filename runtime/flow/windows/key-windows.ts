/**
 * The windows of one key. Each value is given a timestamp and moves the key's watermark; then
 *
 *   timestamp < watermark   it is late, and goes to `late` only
 *   ordered                 it waits until the watermark reaches its timestamp (at once, if it is there already)
 *   otherwise               it is applied on arrival
 *
 * and when a batch is done, it applies what may be applied by timestamp, merges windows, and closes those that the watermark has passed.
 * Results do not depend on how values are cut into batches: merges follow the value that caused them, and a value that may be
 * applied while nothing waits is the next in order, since whatever comes before it would be late.
 *
 * A key without windows and waiting values is forgotten, its watermark too. How windows are kept differs: tumbling-key.ts,
 * sliding-key.ts, and windower-key.ts for all others. Snapshots are small tuples, see `WindowState`.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import type { ClockReader } from "./clock-reader.ts";
import { readerOf } from "./clock-reader.ts";
import { TimestampQueue } from "./timestamp-queue.ts";
import type { WindowEvents } from "./types.ts";
import type { WindowPlan, WindowState } from "./window-plan.ts";

/** Ids, ascending, and the aggregate's states. */
export interface OpenWindows {
  readonly ids: number[];
  readonly states: unknown[];
}

export abstract class KeyWindows<V> {
  protected readonly plan: WindowPlan<V>;
  protected readonly clock: ClockReader<unknown>;
  private readonly ordered: boolean;
  /** The watermark while the input's end closes what there is. */
  private ended: number | undefined = undefined;
  /** Made when a value has to wait for the first time. */
  private queue: TimestampQueue<V> | undefined = undefined;

  constructor(plan: WindowPlan<V>, ordered: boolean, resume: WindowState | undefined, now: number) {
    this.plan = plan;
    this.clock = readerOf(plan.clock, resume?.[1], now);
    this.ordered = ordered;
    resume?.[5].forEach((time, i) => this.enqueue(time, resume[6][i] as V));
  }

  /**
   * Takes values that come together, and closes what the watermark has passed then. The first stands at `at`, and `next` says where the
   * next one does. True when the key is to be forgotten.
   */
  take(events: WindowEvents, now: number, values: readonly V[], next: Int32Array, at: number, count: number): boolean {
    const { clock, ordered } = this;
    const { sides } = this.plan;
    clock.beforeBatch(now);
    for (let left = count; left > 0; left--) {
      const value = values[at]!;
      at = next[at]!;
      const time = clock.read(sides ? (value as unknown as [number, unknown])[1] : value);
      const { watermark } = clock;
      if (time < watermark) this.tooLate(events, time, value);
      else if (!ordered || (time <= watermark && (this.queue === undefined || this.queue.size === 0)))
        this.apply(events, time, value);
      else this.enqueue(time, value);
    }
    return this.settle(events, clock.watermark);
  }
  /** The time that `wakeAt` gave has come. */
  notify(events: WindowEvents, now: number): boolean {
    this.clock.notify(now);
    return this.settle(events, this.clock.watermark);
  }
  /** The watermark of an ended input closes what there is and is not kept: a later execution goes on from the one before. */
  eof(events: WindowEvents): boolean {
    this.ended = this.clock.onEof();
    const forget = this.settle(events, this.ended);
    this.ended = undefined;
    return forget;
  }
  /** The system time at which something happens if no value comes; undefined = nothing will. */
  wakeAt(now: number): number | undefined {
    const { clock, queue } = this;
    let time = this.nextClose();
    if (queue !== undefined && queue.size > 0) {
      // What emits nothing before its window closes may as well apply the value then.
      const wake = this.plan.aggregate.changed === undefined ? this.closesAt(queue.first) : queue.first;
      if (time === undefined || wake < time) time = wake;
    }
    if (time === undefined) return undefined;
    // At this very watermark nothing closed: the windower closes right after it.
    if (time <= clock.watermark) time = clock.watermark + 1;
    return clock.toSystem(time, now);
  }
  snapshot(now: number): WindowState {
    const { aggregate } = this.plan;
    const { ids, states } = this.windows();
    const waiting = this.queue?.toColumns();
    return [
      aggregate.kind,
      this.clock.snapshot(now),
      this.saveWindower(),
      ids.slice(),
      states.map((state) => aggregate.save(state)),
      waiting?.times ?? [],
      waiting?.values ?? [],
    ];
  }

  /** Puts the value into its windows. */
  protected abstract apply(events: WindowEvents, time: number, value: V): void;
  /** Closes what the watermark has passed. True when no window is left. */
  protected abstract close(events: WindowEvents, watermark: number): boolean;
  protected abstract lateFor(time: number): readonly number[];
  /** The watermark at which the next window closes. */
  protected abstract nextClose(): number | undefined;
  /** When the first window that `timestamp` belongs to would close, if that is known; the timestamp itself otherwise. */
  protected abstract closesAt(timestamp: number): number;
  protected abstract saveWindower(): unknown;
  protected abstract windows(): OpenWindows;

  /** As it is now, for `apply`. */
  protected watermark(): number {
    return this.ended ?? this.clock.watermark;
  }

  /**
   * Until when windows may close before a value at `time` is applied. Values may wait though the step takes them on arrival: an
   * earlier run, in which it was ordered, has kept them.
   */
  protected closable(time: number): number {
    const { queue } = this;
    return Math.min(this.watermark(), time, queue === undefined ? Infinity : queue.first);
  }

  private settle(events: WindowEvents, watermark: number): boolean {
    const { queue } = this;
    if (queue === undefined) return this.close(events, watermark);
    for (let time = queue.first; time <= watermark && queue.size > 0; time = queue.first) this.apply(events, time, queue.shift());
    return this.close(events, watermark) && queue.size === 0;
  }
  private enqueue(time: number, value: V): void {
    this.queue ??= new TimestampQueue<V>();
    this.queue.push(time, value);
  }
  private tooLate(events: WindowEvents, time: number, value: V): void {
    const payload = this.plan.sides ? (value as unknown as [number, unknown])[1] : value;
    for (const id of this.lateFor(time)) events.late(id, payload);
  }
}

/** States as the aggregate goes on with them. Throws WEIR_STATE_MISMATCH when another kind of aggregate has kept them. */
export function loadStates({ aggregate }: WindowPlan<any>, resume: WindowState | undefined): unknown[] {
  if (resume === undefined) return [];
  if (resume[0] !== aggregate.kind) {
    throw new WeirError(
      "WEIR_STATE_MISMATCH",
      `the kept windows are those of ${show(resume[0])}, and the step is now ${show(aggregate.kind)}`,
    );
  }
  return resume[4].map((saved) => aggregate.load(saved));
}

/** The id's place in an ascending list, or the complement of where it would be. Values mostly belong to the newest window. */
export function placeOf(ids: readonly number[], id: number): number {
  let high = ids.length - 1;
  if (high < 0 || ids[high]! < id) return ~(high + 1);
  if (ids[high] === id) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return ids[low] === id ? low : ~low;
}

export function insertAt<T>(list: T[], at: number, value: T): void {
  if (at === list.length) list.push(value);
  else list.splice(at, 0, value);
}
/** Takes `count` values out of the list. */
export function removeAt(list: unknown[], at: number, count: number): void {
  if (count === list.length) list.length = 0;
  else if (at === 0 && count === 1) list.shift();
  else list.splice(at, count);
}
