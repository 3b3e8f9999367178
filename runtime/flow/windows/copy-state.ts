/**
 * A copy of a user's state for a snapshot: folders may change theirs in place while the copy waits to be encoded. Plain data
 * is copied here, several times as fast as `structuredClone` does it, which gets the rest.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";

/** Throws WEIR_ENCODE for what cannot be copied, such as functions and promises. */
export function copyState<T>(state: T): T {
  try {
    return copy(state) as T;
  } catch (error) {
    throw new WeirError("WEIR_ENCODE", `the state ${show(state)} cannot be kept: ${(error as Error).message}`, { cause: error });
  }
}

function copy(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`${show(value)} is no data`);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const copied: Record<string, unknown> = {};
    for (const name of Object.keys(value)) copied[name] = copy((value as Record<string, unknown>)[name]);
    return copied;
  }
  if (value instanceof Date) return new Date(value);
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [copy(key), copy(item)]));
  if (value instanceof Set) return new Set(Array.from(value, copy));
  return structuredClone(value);
}
