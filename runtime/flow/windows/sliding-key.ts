/**
 * A key's sliding windows. All that is kept per window is its id and its state:
 *
 *   ids     [ 7, 8, 9 ]      ascending, which is the order of closing too
 *   states  [ a, b, c ]
 *
 * Values come close together in time. `from` ≤ time < `until` says that a value belongs to exactly the windows of the one before,
 * which stand at [at, end): then nothing is looked up.
 */
import type { Grid } from "./grid.ts";
import { KeyWindows, type OpenWindows, insertAt, loadStates, placeOf, removeAt } from "./key-windows.ts";
import type { WindowEvents } from "./types.ts";
import type { WindowPlan, WindowState } from "./window-plan.ts";

export class SlidingKey<V> extends KeyWindows<V> {
  private readonly ids: number[];
  private readonly states: unknown[];
  private readonly grid: Grid;
  private from = Infinity;
  private until = -Infinity;
  private at = 0;
  private end = 0;
  /** The end of the first window. */
  private closing = Infinity;

  constructor(plan: WindowPlan<V>, grid: Grid, resume: WindowState | undefined, now: number) {
    const states = loadStates(plan, resume);
    super(plan, plan.ordered && !plan.aggregate.commutes, resume, now);
    this.grid = grid;
    this.ids = grid.load(resume?.[2]);
    this.states = states;
    if (this.ids.length > 0) this.closing = grid.closeTime(this.ids[0]!);
  }

  protected apply(events: WindowEvents, time: number, value: V): void {
    const { aggregate } = this.plan;
    if (time >= this.from && time < this.until) {
      const { states, end } = this;
      for (let i = this.at; i < end; i++) states[i] = aggregate.add(states[i], value);
    } else this.open(time, value);
    if (aggregate.changed !== undefined) this.changed(events);
  }
  protected close(events: WindowEvents, watermark: number): boolean {
    if (watermark >= this.closing) this.closeFirst(events, watermark);
    return this.ids.length === 0;
  }
  protected lateFor(time: number): readonly number[] {
    return this.grid.idsFor(time);
  }
  protected nextClose(): number | undefined {
    return this.closing === Infinity ? undefined : this.closing;
  }
  protected closesAt(timestamp: number): number {
    return this.grid.closesAt(timestamp);
  }
  protected saveWindower(): unknown {
    return this.grid.save(this.ids);
  }
  protected windows(): OpenWindows {
    const { ids, states } = this;
    return { ids, states };
  }

  /** Puts a value into windows of which some may have to be opened. */
  private open(time: number, value: V): void {
    const { grid, ids, states } = this;
    const { aggregate } = this.plan;
    const first = grid.firstFor(time);
    const last = grid.lastFor(time);
    let place = 0;
    for (let id = first; id <= last; id++) {
      place = placeOf(ids, id);
      if (place >= 0) states[place] = aggregate.add(states[place], value);
      else {
        place = ~place;
        insertAt(states, place, aggregate.open(value));
        insertAt(ids, place, id);
      }
    }
    this.end = place + 1;
    this.at = place - (last - first);
    this.from = Math.max(grid.openTime(last), grid.closeTime(first - 1));
    this.until = Math.min(grid.openTime(last + 1), grid.closeTime(first));
    this.closing = grid.closeTime(ids[0]!);
  }
  private changed(events: WindowEvents): void {
    const { aggregate } = this.plan;
    for (let i = this.at; i < this.end; i++) this.states[i] = aggregate.changed!(this.states[i], this.ids[i]!, events);
  }
  private closeFirst(events: WindowEvents, watermark: number): void {
    const { grid, ids, states } = this;
    const { aggregate } = this.plan;
    let count = 0;
    while (count < ids.length && grid.closeTime(ids[count]!) <= watermark) {
      const id = ids[count]!;
      aggregate.close(states[count], id, events);
      events.meta?.(id, grid.metaOf(id));
      count++;
    }
    removeAt(ids, 0, count);
    removeAt(states, 0, count);
    this.at -= count;
    this.end -= count;
    if (this.at < 0) this.from = Infinity;
    this.closing = ids.length === 0 ? Infinity : grid.closeTime(ids[0]!);
  }
}
