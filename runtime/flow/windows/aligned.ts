/**
 * Windows on a fixed grid, tumbling and sliding. Window i, an integer of any sign, is the half-open interval
 *
 *   [alignTo + i × offset, alignTo + i × offset + length)         tumbling: offset = length
 *
 * and closes when the watermark reaches its end. Invariant: `open` is ascending, which is the order of closing too.
 */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../option-checks.ts";
import { duration, instant } from "./instant.ts";
import type { WindowMeta, Windower, WindowerLogic } from "./types.ts";
import { type AlignedState, checkWindower } from "./windower-state.ts";

/** One value may belong to no more windows than this; more is a mistake in the units. */
const maxOverlap = 1_000_000;

/** Throws WEIR_FLOW_OPTION when the length is not positive or an option is no time, or there are none. */
export function tumbling(options: { lengthMs: number; alignTo: number | Date }): Windower {
  checkOptionsObject("tumbling", options);
  const length = duration(options.lengthMs, "tumbling: lengthMs");
  const alignTo = instant(options.alignTo, "tumbling: alignTo");
  return { build: (resume) => new AlignedWindows(length, length, alignTo, resume) };
}

/** A window of `lengthMs` opens every `offsetMs`. Throws WEIR_FLOW_OPTION also when the offset is longer than the length: values would fall between windows. */
export function sliding(options: { lengthMs: number; offsetMs: number; alignTo: number | Date }): Windower {
  checkOptionsObject("sliding", options);
  const length = duration(options.lengthMs, "sliding: lengthMs");
  const offset = duration(options.offsetMs, "sliding: offsetMs");
  const alignTo = instant(options.alignTo, "sliding: alignTo");
  if (offset > length) {
    throw new WeirError(
      "WEIR_FLOW_OPTION",
      `sliding: offsetMs (${offset}) must not exceed lengthMs (${length}), or values fall between windows`,
    );
  }
  if (length / offset > maxOverlap) {
    throw new WeirError(
      "WEIR_FLOW_OPTION",
      `sliding: each value would be in ${Math.ceil(length / offset)} windows; the limit is ${maxOverlap}`,
    );
  }
  return { build: (resume) => new AlignedWindows(length, offset, alignTo, resume) };
}

const noIds: readonly number[] = Object.freeze([]);
const noMerges: readonly (readonly [number, number])[] = Object.freeze([]);
const noneClosed: readonly (readonly [number, WindowMeta])[] = Object.freeze([]);

export class AlignedWindows implements WindowerLogic {
  private readonly length: number;
  private readonly offset: number;
  private readonly alignTo: number;
  private readonly open: number[];
  private nextClose = Infinity;
  /** The answer for every timestamp in [cachedFrom, cachedUntil); all its windows are open. */
  private cached: readonly number[] = noIds;
  private cachedFrom = Infinity;
  private cachedUntil = -Infinity;

  constructor(length: number, offset: number, alignTo: number, resume: unknown) {
    this.length = length;
    this.offset = offset;
    this.alignTo = alignTo;
    this.open = [...(checkWindower<AlignedState>(resume, ["aligned", length, offset, alignTo])?.[4] ?? [])];
    this.findNextClose();
  }

  openFor(timestamp: number, _watermark: number): readonly number[] {
    if (timestamp >= this.cachedFrom && timestamp < this.cachedUntil) return this.cached;
    const ids = this.lateFor(timestamp);
    for (let i = 0; i < ids.length; i++) this.openWindow(ids[i]!);
    this.nextClose = this.closeTime(this.open[0]!);
    const first = ids[0]!;
    const last = ids[ids.length - 1]!;
    this.cached = ids;
    this.cachedFrom = Math.max(this.openTime(last), this.closeTime(first - 1));
    this.cachedUntil = Math.min(this.openTime(last + 1), this.closeTime(first));
    return ids;
  }
  lateFor(timestamp: number): readonly number[] {
    const first = this.firstFor(timestamp);
    const last = this.lastFor(timestamp);
    if (first === last) return [first];
    const ids: number[] = [];
    for (let id = first; id <= last; id++) ids.push(id);
    return ids;
  }
  merged(): readonly (readonly [number, number])[] {
    return noMerges;
  }
  closeFor(watermark: number): readonly (readonly [number, WindowMeta])[] {
    if (watermark < this.nextClose || this.open.length === 0) return noneClosed;
    const closed: (readonly [number, WindowMeta])[] = [];
    for (const id of this.open) {
      const closeTime = this.closeTime(id);
      if (closeTime > watermark) break;
      closed.push([id, { openTime: this.openTime(id), closeTime, mergedIds: noIds }]);
    }
    if (closed.length === this.open.length) this.open.length = 0;
    else this.open.splice(0, closed.length);
    this.findNextClose();
    this.cachedFrom = Infinity;
    return closed;
  }
  notifyAt(): number | undefined {
    return this.open.length === 0 ? undefined : this.nextClose;
  }
  /** When the first window that `timestamp` belongs to closes. */
  closesAt(timestamp: number): number {
    return this.closeTime(this.firstFor(timestamp));
  }
  isEmpty(): boolean {
    return this.open.length === 0;
  }
  snapshot(): AlignedState {
    return ["aligned", this.length, this.offset, this.alignTo, this.open.slice()];
  }

  private openTime(id: number): number {
    return this.alignTo + id * this.offset;
  }
  /** Of tumbling windows the very number at which the next one opens: rounding of fractions must leave no hole between them. */
  private closeTime(id: number): number {
    return this.length === this.offset ? this.openTime(id + 1) : this.openTime(id) + this.length;
  }
  /** The division may round across a window's edge when times are fractions: the edge itself decides. `+ 0` turns -0 into 0. */
  private lastFor(timestamp: number): number {
    const id = Math.floor((timestamp - this.alignTo) / this.offset) + 0;
    if (this.openTime(id) > timestamp) return id - 1;
    return this.openTime(id + 1) <= timestamp ? id + 1 : id;
  }
  private firstFor(timestamp: number): number {
    const id = Math.floor((timestamp - this.alignTo - this.length) / this.offset) + 1;
    if (this.closeTime(id) <= timestamp) return id + 1;
    return this.closeTime(id - 1) > timestamp ? id - 1 : id;
  }
  private openWindow(id: number): void {
    const { open } = this;
    let at = open.length;
    while (at > 0 && open[at - 1]! > id) at--;
    if (at > 0 && open[at - 1] === id) return;
    if (at === open.length) open.push(id);
    else open.splice(at, 0, id);
  }
  private findNextClose(): void {
    this.nextClose = this.open.length === 0 ? Infinity : this.closeTime(this.open[0]!);
  }
}
