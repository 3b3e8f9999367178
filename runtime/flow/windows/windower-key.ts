/** A key's windows as a windower says them, one of this folder or a user's own: it is asked for each value. */
import type { KnownWindows } from "./checked-windower.ts";
import { checkedWindower, isKnown } from "./checked-windower.ts";
import { AlignedWindows } from "./aligned.ts";
import { KeyWindows, type OpenWindows, insertAt, loadStates, placeOf, removeAt } from "./key-windows.ts";
import type { WindowEvents, WindowerLogic } from "./types.ts";
import type { WindowPlan, WindowState } from "./window-plan.ts";

export class WindowerKey<V> extends KeyWindows<V> {
  private readonly ids: number[];
  private readonly states: unknown[];
  private readonly windower: WindowerLogic | KnownWindows;

  constructor(plan: WindowPlan<V>, resume: WindowState | undefined, now: number) {
    const states = loadStates(plan, resume);
    const windower = checkedWindower(plan.windower.build(resume?.[2]));
    super(plan, plan.ordered && !(plan.aggregate.commutes && windower instanceof AlignedWindows), resume, now);
    this.windower = windower;
    this.ids = resume === undefined ? [] : resume[3].slice();
    this.states = states;
  }

  protected apply(events: WindowEvents, time: number, value: V): void {
    const { windower, states } = this;
    const { aggregate } = this.plan;
    const { changed } = aggregate;
    const ids = windower.openFor(time, this.watermark());
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      let at = placeOf(this.ids, id);
      if (at >= 0) states[at] = aggregate.add(states[at], value);
      else {
        at = ~at;
        insertAt(this.ids, at, id);
        insertAt(states, at, aggregate.open(value));
      }
      if (changed === undefined) continue;
      states[at] = changed(states[at], id, events);
    }
    const merges = windower.merged();
    if (merges.length > 0) this.merge(events, merges);
  }
  protected close(events: WindowEvents, watermark: number): boolean {
    const { windower } = this;
    const closed = windower.closeFor(watermark);
    if (closed.length > 0) {
      const { aggregate } = this.plan;
      for (let i = 0; i < closed.length; i++) {
        const [id, windowMeta] = closed[i]!;
        const at = placeOf(this.ids, id);
        if (at >= 0) {
          aggregate.close(this.states[at], id, events);
          this.remove(at);
        }
        events.meta?.(id, windowMeta);
      }
    }
    return this.ids.length === 0 && windower.isEmpty();
  }
  protected lateFor(time: number): readonly number[] {
    return this.windower.lateFor(time);
  }
  protected nextClose(): number | undefined {
    return this.windower.notifyAt();
  }
  protected closesAt(timestamp: number): number {
    return isKnown(this.windower) ? this.windower.closesAt(timestamp) : timestamp;
  }
  protected saveWindower(): unknown {
    return this.windower.snapshot();
  }
  protected windows(): OpenWindows {
    const { ids, states } = this;
    return { ids, states };
  }

  private merge(events: WindowEvents, merges: readonly (readonly [from: number, into: number])[]): void {
    const { aggregate } = this.plan;
    for (const [from, into] of merges) {
      const source = placeOf(this.ids, from);
      if (source < 0 || from === into) continue;
      let state = this.states[source];
      this.remove(source);
      let target = placeOf(this.ids, into);
      if (target >= 0) state = aggregate.merge(this.states[target], state);
      else {
        target = ~target;
        insertAt(this.ids, target, into);
        insertAt(this.states, target, undefined);
      }
      this.states[target] = state;
      if (aggregate.changed !== undefined) this.states[target] = aggregate.changed(state, into, events);
    }
  }
  private remove(at: number): void {
    removeAt(this.ids, at, 1);
    removeAt(this.states, at, 1);
  }
}
