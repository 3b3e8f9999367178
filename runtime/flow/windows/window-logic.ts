/**
 * The windows of one key, as the logic of a stateful step. Each value is given a timestamp and moves the key's watermark; then
 *
 *   timestamp < watermark   it is late, and goes to `late` only
 *   ordered                 it waits until the watermark reaches its timestamp (at once, if it is there already)
 *   otherwise               it is applied on arrival
 *
 * and a flush applies what may be applied by timestamp, merges windows, and closes those that the watermark has passed.
 * Results do not depend on how values are cut into batches: merges follow the value that caused them, and a value that may be
 * applied while nothing waits is the next in order, since whatever comes before it would be late.
 *
 * A key without windows and waiting values is forgotten, its watermark too. Snapshots are small tuples, see `WindowState`.
 */
import { WeirError, isWeirError, withStep } from "../../errors/index.ts";
import type { Outcome, StatefulBatchLogic } from "../logic.ts";
import { show } from "../show.ts";
import type { WindowAggregate } from "./aggregate.ts";
import { AlignedWindows } from "./aligned.ts";
import { checkedWindower, isKnown } from "./checked-windower.ts";
import { type ClockReader, readerOf } from "./clock-reader.ts";
import { TimestampQueue } from "./timestamp-queue.ts";
import { type Clock, type WindowEvent, type Windower, type WindowerLogic, late, meta } from "./types.ts";

export interface WindowLogicOptions<V> {
  /** The id given to `window`, for errors. */
  readonly step: string;
  readonly clock: Clock<any>;
  readonly windower: Windower;
  /** Default true. */
  readonly ordered?: boolean | undefined;
  readonly aggregate: WindowAggregate<V, any>;
  /** Values are [side, value]; the clock reads the value, and late values come out without their side. */
  readonly sides?: boolean;
  /** The run's system clock, for clocks that were not given their own. Default `Date.now`. */
  readonly now?: () => number;
  /** False leaves out the events of kind `meta`. Default true. */
  readonly meta?: boolean;
}

/** [kind of aggregate, clock, windower, window ids, their states, timestamps of waiting values, waiting values] */
export type WindowState = readonly [
  aggregate: string,
  clock: unknown,
  windower: unknown,
  ids: readonly number[],
  states: readonly unknown[],
  times: readonly number[],
  values: readonly unknown[],
];

/** The builder of a stateful step. Errors are WeirErrors with the step, or the user's own as thrown. */
export function windowLogic<V>(
  options: WindowLogicOptions<V>,
): (resume: WindowState | undefined) => StatefulBatchLogic<V, WindowEvent, WindowState> {
  const { step, clock, windower } = options;
  if (typeof clock?.build !== "function" || typeof windower?.build !== "function") {
    const wrong =
      typeof clock?.build === "function"
        ? `windower must be a Windower, not ${show(windower)}`
        : `clock must be a Clock, not ${show(clock)}`;
    throw new WeirError("WEIR_FLOW_OPTION", `Step "${step}": ${wrong}`, { step });
  }
  const plan: Plan<V> = {
    step,
    clock,
    windower,
    ordered: options.ordered ?? true,
    aggregate: options.aggregate,
    sides: options.sides ?? false,
    now: options.now ?? Date.now,
    meta: options.meta ?? true,
  };
  return (resume) => {
    try {
      return new KeyWindows(plan, resume);
    } catch (error) {
      throw atStep(plan, error);
    }
  };
}

interface Plan<V> {
  readonly step: string;
  readonly clock: Clock<any>;
  readonly windower: Windower;
  readonly ordered: boolean;
  readonly aggregate: WindowAggregate<V, any>;
  readonly sides: boolean;
  readonly now: () => number;
  readonly meta: boolean;
}

const forget: Outcome<WindowEvent> = { discard: true };

class KeyWindows<V> implements StatefulBatchLogic<V, WindowEvent, WindowState> {
  private readonly plan: Plan<V>;
  private readonly clock: ClockReader<unknown>;
  private readonly windower: WindowerLogic;
  private readonly ordered: boolean;
  /** Open windows, by id; states are the aggregate's. */
  private readonly ids: number[];
  private readonly states: unknown[];
  /** Made when a value has to wait for the first time. */
  private queue: TimestampQueue<V> | undefined;

  constructor(plan: Plan<V>, resume: WindowState | undefined) {
    this.plan = plan;
    const { aggregate } = plan;
    if (resume !== undefined && resume[0] !== aggregate.kind) {
      throw new WeirError(
        "WEIR_STATE_MISMATCH",
        `the kept windows are those of ${show(resume[0])}, and the step is now ${show(aggregate.kind)}`,
      );
    }
    this.clock = readerOf(plan.clock, resume?.[1], plan.now);
    this.windower = checkedWindower(plan.windower.build(resume?.[2]));
    this.ordered = plan.ordered && !(aggregate.commutes && this.windower instanceof AlignedWindows);
    this.ids = resume === undefined ? [] : resume[3].slice();
    this.states = resume === undefined ? [] : resume[4].map((saved) => aggregate.load(saved));
    resume?.[5].forEach((time, i) => this.enqueue(time, resume[6][i] as V));
  }

  onBatch(values: readonly V[]): Outcome<WindowEvent> | undefined {
    const { clock, plan } = this;
    const events: WindowEvent[] = [];
    try {
      clock.beforeBatch();
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        const time = clock.read(plan.sides ? (value as unknown as [number, unknown])[1] : value);
        if (time < clock.watermark) this.tooLate(time, value, events);
        else if (!this.ordered || (time <= clock.watermark && this.waiting() === 0))
          this.apply(time, value, clock.watermark, events);
        else this.enqueue(time, value);
      }
      return this.flush(clock.watermark, events);
    } catch (error) {
      throw atStep(plan, error);
    }
  }
  onNotify(): Outcome<WindowEvent> | undefined {
    try {
      this.clock.notify();
      return this.flush(this.clock.watermark, []);
    } catch (error) {
      throw atStep(this.plan, error);
    }
  }
  /** The watermark of an ended input closes what there is and is not kept: a later execution goes on from the one before. */
  onEof(): Outcome<WindowEvent> | undefined {
    try {
      return this.flush(this.clock.onEof(), []);
    } catch (error) {
      throw atStep(this.plan, error);
    }
  }
  notifyAt(): number | undefined {
    const { windower, clock } = this;
    let time = windower.notifyAt();
    if (this.queue !== undefined && this.queue.size > 0) {
      const first = this.queue.first;
      // What emits nothing before its window closes may as well apply the value then.
      const wake = this.plan.aggregate.changed === undefined && isKnown(windower) ? windower.closesAt(first) : first;
      if (time === undefined || wake < time) time = wake;
    }
    if (time === undefined) return undefined;
    // At this very watermark nothing closed: the windower closes right after it.
    if (time <= clock.watermark) time = clock.watermark + 1;
    return clock.toSystem(time);
  }
  snapshot(): WindowState {
    const { aggregate } = this.plan;
    const waiting = this.queue?.toColumns();
    return [
      aggregate.kind,
      this.clock.snapshot(),
      this.windower.snapshot(),
      this.ids.slice(),
      this.states.map((state) => aggregate.save(state)),
      waiting?.times ?? [],
      waiting?.values ?? [],
    ];
  }

  private waiting(): number {
    return this.queue === undefined ? 0 : this.queue.size;
  }
  private enqueue(time: number, value: V): void {
    this.queue ??= new TimestampQueue<V>();
    this.queue.push(time, value);
  }
  private tooLate(time: number, value: V, events: WindowEvent[]): void {
    const payload = this.plan.sides ? (value as unknown as [number, unknown])[1] : value;
    for (const id of this.windower.lateFor(time)) events.push([late, id, payload]);
  }

  private flush(watermark: number, events: WindowEvent[]): Outcome<WindowEvent> | undefined {
    const { queue, windower } = this;
    if (queue !== undefined) {
      for (let time = queue.first; time <= watermark && queue.size > 0; time = queue.first)
        this.apply(time, queue.shift(), watermark, events);
    }
    const closed = windower.closeFor(watermark);
    for (let i = 0; i < closed.length; i++) {
      const [id, windowMeta] = closed[i]!;
      const at = this.find(id);
      if (at >= 0) {
        this.plan.aggregate.close(this.states[at], id, events);
        this.remove(at);
      }
      if (this.plan.meta) events.push([meta, id, windowMeta]);
    }
    if (this.ids.length === 0 && this.waiting() === 0 && windower.isEmpty()) {
      return events.length === 0 ? forget : { emit: events, discard: true };
    }
    return events.length === 0 ? undefined : { emit: events };
  }

  private apply(time: number, value: V, watermark: number, events: WindowEvent[]): void {
    const { windower, states } = this;
    const { aggregate } = this.plan;
    const ids = windower.openFor(time, watermark);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const at = this.find(id);
      if (at >= 0) states[at] = aggregate.add(states[at], value);
      else this.insert(~at, id, aggregate.open(value));
      if (aggregate.changed !== undefined) this.changed(id, events);
    }
    const merges = windower.merged();
    if (merges.length > 0) this.merge(merges, events);
  }
  private merge(merges: readonly (readonly [from: number, into: number])[], events: WindowEvent[]): void {
    const { aggregate } = this.plan;
    for (const [from, into] of merges) {
      const source = this.find(from);
      if (source < 0 || from === into) continue;
      const state = this.states[source];
      this.remove(source);
      const target = this.find(into);
      if (target >= 0) this.states[target] = aggregate.merge(this.states[target], state);
      else this.insert(~target, into, state);
      this.changed(into, events);
    }
  }
  private changed(id: number, events: WindowEvent[]): void {
    const at = this.find(id);
    const { changed } = this.plan.aggregate;
    if (changed !== undefined) this.states[at] = changed(this.states[at], id, events);
  }

  /** The window's place, or the complement of where it would be. Values mostly belong to the newest window. */
  private find(id: number): number {
    const { ids } = this;
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
  private insert(at: number, id: number, state: unknown): void {
    if (at === this.ids.length) {
      this.ids.push(id);
      this.states.push(state);
    } else {
      this.ids.splice(at, 0, id);
      this.states.splice(at, 0, state);
    }
  }
  private remove(at: number): void {
    if (this.ids.length === 1) {
      this.ids.pop();
      this.states.pop();
    } else if (at === 0) {
      this.ids.shift();
      this.states.shift();
    } else {
      this.ids.splice(at, 1);
      this.states.splice(at, 1);
    }
  }
}

/** Our own errors of clocks, windowers and aggregates do not know the step yet; a user's error is left to who runs the logic. */
function atStep(plan: Plan<any>, error: unknown): unknown {
  return isWeirError(error) && error.step === undefined ? withStep(error, plan.step) : error;
}
