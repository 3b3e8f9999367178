/** Iterables that users' code returns, as arrays. An array is taken as it is, without a copy. */
import { WeirError } from "../errors/index.ts";
import { show } from "./show.ts";

/** Throws WEIR_NOT_ITERABLE naming `step`. */
export function toArray(value: unknown, step: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined || typeof (value as Iterable<unknown>)[Symbol.iterator] !== "function") {
    throw new WeirError("WEIR_NOT_ITERABLE", `Step "${step}" needs an iterable, and got ${show(value)}`, { step });
  }
  return Array.from(value as Iterable<unknown>);
}
