/** Checks of connectors' options, made when the flow is written down. All throw WEIR_FLOW_OPTION. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";

/** Says of what kind the value is and not what: it may be an address with a token in it. */
export function checkCall(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function")
    throw new WeirError("WEIR_FLOW_OPTION", `${option} must be a function, not ${value === null ? "null" : `a ${typeof value}`}`);
}
export function checkWhole(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new WeirError("WEIR_FLOW_OPTION", `${option} must be a whole number of at least 1, not ${show(value)}`);
}
/** A timer takes no more than 2³¹ − 1; Infinity stands for never where `atMost` allows it. */
export function checkMs(option: string, value: number, atMost: number = 2 ** 31 - 1): number {
  if (typeof value === "number" && value > 0 && value <= atMost) return value;
  throw new WeirError(
    "WEIR_FLOW_OPTION",
    `${option} must be a positive number of milliseconds, at most ${atMost}, not ${show(value)}`,
  );
}
