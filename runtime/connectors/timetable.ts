/**
 * When records are due: record i of a part at `start + i × 1000 / ratePerSecond`, whatever happens in between. Since `start`
 * is kept with the part's position, time that was lost to a crash or a slow worker shows up as records that are overdue.
 */
import { WeirError } from "../errors/index.ts";
import { show } from "../flow/show.ts";

export interface Timetable {
  /** Records due by `now`, from the first one on. */
  due(now: number): number;
  /** The time at which `due` exceeds `records`. */
  dueAt(records: number): number;
}

/** Throws WEIR_FLOW_OPTION when the rate is not positive. */
export function checkRate(ratePerSecond: unknown, of: string): asserts ratePerSecond is number {
  if (typeof ratePerSecond === "number" && ratePerSecond > 0 && ratePerSecond < Infinity) return;
  throw new WeirError("WEIR_FLOW_OPTION", `${of}: ratePerSecond must be a positive number, not ${show(ratePerSecond)}`);
}

export function timetable(start: number, ratePerSecond: number): Timetable {
  const perMs = ratePerSecond / 1_000;
  const due = (now: number): number => (now < start ? 0 : Math.floor((now - start) * perMs) + 1);
  return {
    due,
    dueAt(records) {
      const at = Math.ceil(start + records / perMs);
      // Rounding may put it a millisecond before the record is due; being asked then would be in vain.
      return due(at) > records ? at : at + 1;
    },
  };
}
