/**
 * A fixed grid of windows, tumbling and sliding. Window i, an integer of any sign, is the half-open interval
 *
 *   [alignTo + i × offset, alignTo + i × offset + length)         tumbling: offset = length
 *
 * and closes when the watermark reaches its end. Ids ascend with time: that is the order of opening and of closing.
 */
import type { WindowMeta, Windower } from "./types.ts";
import { type AlignedState, checkWindower } from "./windower-state.ts";

/** By `build`, and not by windower: a copy that was given a `build` of its own is somebody's own windower. */
const grids = new WeakMap<Windower["build"], Grid>();

/** Whoever knows a windower's grid needs no windower per key. */
export function gridOf(windower: Windower): Grid | undefined {
  return grids.get(windower.build);
}
export function windowerOn(grid: Grid, build: Windower["build"]): Windower {
  grids.set(build, grid);
  return { build };
}

const noIds: readonly number[] = Object.freeze([]);

export class Grid {
  readonly length: number;
  readonly offset: number;
  readonly alignTo: number;

  constructor(length: number, offset: number, alignTo: number) {
    this.length = length;
    this.offset = offset;
    this.alignTo = alignTo;
  }

  openTime(id: number): number {
    return this.alignTo + id * this.offset;
  }
  /** Of tumbling windows the very number at which the next one opens: rounding of fractions must leave no hole between them. */
  closeTime(id: number): number {
    return this.length === this.offset ? this.openTime(id + 1) : this.openTime(id) + this.length;
  }
  /** The division may round across a window's edge when times are fractions: the edge itself decides. `+ 0` turns -0 into 0. */
  lastFor(timestamp: number): number {
    const id = Math.floor((timestamp - this.alignTo) / this.offset) + 0;
    if (this.openTime(id) > timestamp) return id - 1;
    return this.openTime(id + 1) <= timestamp ? id + 1 : id;
  }
  firstFor(timestamp: number): number {
    if (this.length === this.offset) return this.lastFor(timestamp);
    const id = Math.floor((timestamp - this.alignTo - this.length) / this.offset) + 1;
    if (this.closeTime(id) <= timestamp) return id + 1;
    return this.closeTime(id - 1) > timestamp ? id - 1 : id;
  }
  /** When the first window that `timestamp` belongs to closes. */
  closesAt(timestamp: number): number {
    return this.closeTime(this.firstFor(timestamp));
  }
  metaOf(id: number): WindowMeta {
    return { openTime: this.openTime(id), closeTime: this.closeTime(id), mergedIds: noIds };
  }
  /** Ids of the windows that `timestamp` belongs to. */
  idsFor(timestamp: number): number[] {
    const ids: number[] = [];
    const last = this.lastFor(timestamp);
    for (let id = this.firstFor(timestamp); id <= last; id++) ids.push(id);
    return ids;
  }

  /** What is kept of a key with these open windows. */
  save(open: readonly number[]): AlignedState {
    return ["aligned", this.length, this.offset, this.alignTo, open.slice()];
  }
  /** Ids of a kept key's open windows. Throws WEIR_STATE_MISMATCH when they are of another grid. */
  load(kept: unknown): number[] {
    const state = checkWindower<AlignedState>(kept, ["aligned", this.length, this.offset, this.alignTo]);
    return state === undefined ? [] : state[4].slice();
  }
}
