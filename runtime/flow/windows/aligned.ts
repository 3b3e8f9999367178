/**
 * Windows on a fixed grid, tumbling and sliding; see `Grid`. A windowed step keeps a key's windows itself (tumbling-key.ts, sliding-key.ts);
 * the logic that `build` gives is for who calls it, such as a windower that wraps one of these.
 */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../option-checks.ts";
import { Grid, windowerOn } from "./grid.ts";
import { duration, instant } from "./instant.ts";
import type { WindowMeta, Windower, WindowerLogic } from "./types.ts";
import type { AlignedState } from "./windower-state.ts";

/** One value may belong to no more windows than this; more is a mistake in the units. */
const maxOverlap = 1_000_000;

/** Throws WEIR_FLOW_OPTION when the length is not positive or an option is no time, or there are none. */
export function tumbling(options: { lengthMs: number; alignTo: number | Date }): Windower {
  checkOptionsObject("tumbling", options);
  const length = duration(options.lengthMs, "tumbling: lengthMs");
  const alignTo = instant(options.alignTo, "tumbling: alignTo");
  return windowerOf(new Grid(length, length, alignTo));
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
  return windowerOf(new Grid(length, offset, alignTo));
}

function windowerOf(grid: Grid): Windower {
  return windowerOn(grid, (resume) => new AlignedWindows(grid, resume));
}

const noMerges: readonly (readonly [number, number])[] = Object.freeze([]);
const noneClosed: readonly (readonly [number, WindowMeta])[] = Object.freeze([]);

/** Invariant: `open` is ascending. */
export class AlignedWindows implements WindowerLogic {
  private readonly grid: Grid;
  private readonly open: number[];

  constructor(grid: Grid, resume: unknown) {
    this.grid = grid;
    this.open = grid.load(resume);
  }

  openFor(timestamp: number, _watermark: number): readonly number[] {
    const ids = this.grid.idsFor(timestamp);
    for (let i = 0; i < ids.length; i++) this.openWindow(ids[i]!);
    return ids;
  }
  lateFor(timestamp: number): readonly number[] {
    return this.grid.idsFor(timestamp);
  }
  merged(): readonly (readonly [number, number])[] {
    return noMerges;
  }
  closeFor(watermark: number): readonly (readonly [number, WindowMeta])[] {
    const { grid, open } = this;
    if (open.length === 0 || watermark < grid.closeTime(open[0]!)) return noneClosed;
    const closed: (readonly [number, WindowMeta])[] = [];
    for (const id of open) {
      if (grid.closeTime(id) > watermark) break;
      closed.push([id, grid.metaOf(id)]);
    }
    open.splice(0, closed.length);
    return closed;
  }
  notifyAt(): number | undefined {
    return this.open.length === 0 ? undefined : this.grid.closeTime(this.open[0]!);
  }
  /** When the first window that `timestamp` belongs to closes. */
  closesAt(timestamp: number): number {
    return this.grid.closesAt(timestamp);
  }
  isEmpty(): boolean {
    return this.open.length === 0;
  }
  snapshot(): AlignedState {
    return this.grid.save(this.open);
  }

  private openWindow(id: number): void {
    const { open } = this;
    let at = open.length;
    while (at > 0 && open[at - 1]! > id) at--;
    if (at === 0 || open[at - 1] !== id) open.splice(at, 0, id);
  }
}
