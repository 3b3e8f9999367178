/**
 * Checks of what connectors, clocks and windowers are handed, made where they are written down. All throw WEIR_FLOW_OPTION naming
 * function and option. Steps have theirs in graph/options.ts, which name the step.
 */
import { WeirError } from "../errors/index.ts";
import { show } from "./show.ts";

/** For what `of` takes, options or a field of them. Says of what kind a wrong one is and not what: addresses and tokens end up here. */
export function checkOptionsObject(of: string, options: unknown, name = "options"): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    refuseOption(of, name, "an object", kindOf(options));
}

export function checkOptionalCall(of: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") refuseOption(of, name, "a function", show(value));
}

export function checkOptionalFlag(of: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") refuseOption(of, name, "true or false", show(value));
}

export function checkWholeNumber(of: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) refuseOption(of, name, "a positive integer", show(value));
}

export function checkNames(of: string, name: string, value: unknown): void {
  if (!Array.isArray(value) || value.length === 0 || value.some((one) => typeof one !== "string"))
    refuseOption(of, name, "a list of names", show(value));
}

/** `given` is shown as it is. */
export function refuseOption(of: string, name: string, wanted: string, given: string): never {
  throw new WeirError("WEIR_FLOW_OPTION", `${of}: ${name} must be ${wanted}, not ${given}`);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
