/** Instants and durations as options give them: checked when the flow is built, plain milliseconds from then on. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";

/** Throws WEIR_FLOW_OPTION for what is neither a finite number nor a valid Date. */
export function instant(value: number | Date, option: string): number {
  const time = value instanceof Date ? value.getTime() : value;
  if (typeof time === "number" && Number.isFinite(time)) return time;
  throw new WeirError(
    "WEIR_FLOW_OPTION",
    `${option} must be a valid Date or milliseconds since the Unix epoch, not ${show(value)}`,
  );
}

/** Throws WEIR_FLOW_OPTION for what is not a positive, finite number of milliseconds. */
export function duration(value: number, option: string): number {
  if (typeof value === "number" && value > 0 && value < Infinity) return value;
  throw new WeirError("WEIR_FLOW_OPTION", `${option} must be a positive number of milliseconds, not ${show(value)}`);
}
