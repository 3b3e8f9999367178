/**
 * Logical times and their partial order. At the root of a dataflow a time is a number; each nested scope adds one coordinate:
 * [outer, inner]. a <= b holds when it holds in every coordinate (a product order, after Naiad); numbers are totally ordered.
 *
 * Invariant: times are values. Nested ones are compared by their coordinates, never by identity, so that a time decoded from a
 * message, made by a user or made by a path summary is the same time, and no table of interned times has to be emptied.
 */
export type NestedTime = readonly [outer: Time, inner: number];
export type Time = number | NestedTime;

/** The earliest time with so many coordinates: 0, [0, 0], [[0, 0], 0]. */
export function minimum(coordinates: number): Time {
  let time: Time = 0;
  for (let i = 1; i < coordinates; i++) time = [time, 0];
  return time;
}

export function lessEqual(a: Time, b: Time): boolean {
  if (typeof a === "number") return a <= (b as number);
  const other = b as NestedTime;
  return a[1] <= other[1] && lessEqual(a[0], other[0]);
}

export function sameTime(a: Time, b: Time): boolean {
  if (a === b) return true;
  if (typeof a === "number" || typeof b === "number") return false;
  return a[1] === b[1] && sameTime(a[0], b[0]);
}

/** Strictly before in the partial order. */
export function lessThan(a: Time, b: Time): boolean {
  if (typeof a === "number") return a < (b as number);
  return lessEqual(a, b) && !sameTime(a, b);
}

/** A total order that agrees with the partial one: outer coordinates first. Negative, zero or positive. */
export function compareTimes(a: Time, b: Time): number {
  if (typeof a === "number") return a - (b as number);
  const other = b as NestedTime;
  return compareTimes(a[0], other[0]) || a[1] - other[1];
}

/** Whether `value` is a time with so many coordinates, all of them finite. */
export function isTime(value: unknown, coordinates: number): value is Time {
  if (coordinates === 1) return typeof value === "number" && Number.isFinite(value);
  return Array.isArray(value) && value.length === 2 && Number.isFinite(value[1]) && isTime(value[0], coordinates - 1);
}

export function formatTime(time: unknown): string {
  return Array.isArray(time) ? `[${time.map(formatTime).join(", ")}]` : String(time);
}
