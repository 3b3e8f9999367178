/** Checks of what is handed to a step, made where the step is written down. All throw WEIR_FLOW_OPTION naming step and option. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";

export function checkFunction(step: string, name: string, value: unknown): void {
  if (typeof value !== "function") refuse(step, name, "a function", value);
}

export function checkOptionalFunction(step: string, name: string, value: unknown): void {
  if (value !== undefined) checkFunction(step, name, value);
}

export function checkPositiveInteger(step: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(step, name, "a whole number of at least 1", value);
}

export function checkMilliseconds(step: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !(value >= 0)) refuse(step, name, "a number of milliseconds, 0 or more", value);
}

export function checkOneOf(step: string, name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) refuse(step, name, `one of ${allowed.map((one) => `"${one}"`).join(", ")}`, value);
}

export function checkObject(step: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) refuse(step, name, "an object", value);
}

export function refuse(step: string, name: string, wanted: string, value: unknown): never {
  throw new WeirError("WEIR_FLOW_OPTION", `Step "${step}": ${name} must be ${wanted}, and is ${show(value)}`, { step });
}
