/**
 * A key's tumbling windows. Nearly all values belong to the newest window, and mostly it is the only one: it stands in fields of its own,
 * and its bounds are computed from its id, since what lies in memory for each of many keys has to be fetched first.
 *
 *   older  [ 5 → a, 6 → b ]   ids ascending, all less than `id`; undefined while there are none
 *   id, state  7 → c
 */
import type { Grid } from "./grid.ts";
import { KeyWindows, type OpenWindows, insertAt, loadStates, placeOf, removeAt } from "./key-windows.ts";
import type { WindowEvents } from "./types.ts";
import type { WindowPlan, WindowState } from "./window-plan.ts";

export class TumblingKey<V> extends KeyWindows<V> {
  private readonly grid: Grid;
  /** Whether there is a newest window. */
  private some = false;
  private id = 0;
  private state: unknown = undefined;
  private older: OpenWindows | undefined = undefined;

  constructor(plan: WindowPlan<V>, grid: Grid, resume: WindowState | undefined, now: number) {
    const states = loadStates(plan, resume);
    super(plan, plan.ordered && !plan.aggregate.commutes, resume, now);
    this.grid = grid;
    const ids = grid.load(resume?.[2]);
    if (ids.length === 0) return;
    this.some = true;
    this.id = ids.pop()!;
    this.state = states.pop();
    if (ids.length > 0) this.older = { ids, states };
  }

  protected apply(events: WindowEvents, time: number, value: V): void {
    const { grid } = this;
    const { aggregate } = this.plan;
    if (this.some && time >= grid.openTime(this.id) && time < grid.closeTime(this.id))
      this.state = aggregate.add(this.state, value);
    else this.applyElsewhere(events, time, value);
    if (aggregate.changed !== undefined) this.changed(events, time);
  }
  protected close(events: WindowEvents, watermark: number): boolean {
    if (!this.some) return true;
    if (this.older === undefined && watermark < this.grid.closeTime(this.id)) return false;
    this.closeDue(events, watermark);
    return !this.some;
  }
  protected lateFor(time: number): readonly number[] {
    return this.grid.idsFor(time);
  }
  protected nextClose(): number | undefined {
    if (!this.some) return undefined;
    return this.grid.closeTime(this.older === undefined ? this.id : this.older.ids[0]!);
  }
  protected closesAt(timestamp: number): number {
    return this.grid.closesAt(timestamp);
  }
  protected saveWindower(): unknown {
    return this.grid.save(this.windows().ids);
  }
  protected windows(): OpenWindows {
    const { ids, states } = this.older ?? { ids: [], states: [] };
    return this.some ? { ids: [...ids, this.id], states: [...states, this.state] } : { ids, states };
  }

  /** A value that is not of the newest window: of a newer one, which will be the newest then, or of an older one. */
  private applyElsewhere(events: WindowEvents, time: number, value: V): void {
    const { aggregate } = this.plan;
    // What has ended makes room; it would be closed before the batch is done, and what it emits comes in the same order.
    if (this.some && aggregate.changed === undefined) this.close(events, this.closable(time));
    const id = this.grid.lastFor(time);
    if (!this.some || id > this.id) {
      const state = aggregate.open(value);
      if (this.some) this.putAside();
      this.some = true;
      this.id = id;
      this.state = state;
      return;
    }
    const { ids, states } = (this.older ??= { ids: [], states: [] });
    const at = placeOf(ids, id);
    if (at >= 0) states[at] = aggregate.add(states[at], value);
    else {
      insertAt(states, ~at, aggregate.open(value));
      insertAt(ids, ~at, id);
    }
  }
  private putAside(): void {
    const { ids, states } = (this.older ??= { ids: [], states: [] });
    ids.push(this.id);
    states.push(this.state);
  }
  private changed(events: WindowEvents, time: number): void {
    const { aggregate } = this.plan;
    const id = this.grid.lastFor(time);
    if (id === this.id) {
      this.state = aggregate.changed!(this.state, id, events);
      return;
    }
    const { ids, states } = this.older!;
    const at = placeOf(ids, id);
    states[at] = aggregate.changed!(states[at], id, events);
  }
  private closeDue(events: WindowEvents, watermark: number): void {
    const { grid, older } = this;
    if (older !== undefined) {
      const { ids, states } = older;
      let count = 0;
      for (; count < ids.length && grid.closeTime(ids[count]!) <= watermark; count++) this.emit(events, ids[count]!, states[count]);
      if (count < ids.length) {
        if (count === 0) return;
        removeAt(ids, 0, count);
        return removeAt(states, 0, count);
      }
      this.older = undefined;
    }
    if (grid.closeTime(this.id) > watermark) return;
    this.emit(events, this.id, this.state);
    this.some = false;
    this.state = undefined;
  }
  private emit(events: WindowEvents, id: number, state: unknown): void {
    this.plan.aggregate.close(state, id, events);
    events.meta?.(id, this.grid.metaOf(id));
  }
}
