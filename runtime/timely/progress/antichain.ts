/**
 * A set of mutually incomparable times: the minimal elements of what was inserted. As a frontier it stands for all times at
 * or after one of its elements; empty means that nothing can happen any more.
 */
import { lessEqual, lessThan, sameTime, type Time } from "./time.ts";

/** Adds `time` unless an element is at or before it; drops the elements that `time` is before. Returns whether it was added. */
export function insertMinimal(elements: Time[], time: Time): boolean {
  for (let i = 0; i < elements.length; i++) if (lessEqual(elements[i]!, time)) return false;
  let kept = 0;
  for (let i = 0; i < elements.length; i++) if (!lessEqual(time, elements[i]!)) elements[kept++] = elements[i]!;
  while (elements.length > kept) elements.pop();
  elements.push(time);
  return true;
}

/** Whether some element is at or before `time`: the frontier has not passed it. */
export function frontierLessEqual(elements: readonly Time[], time: Time): boolean {
  for (let i = 0; i < elements.length; i++) if (lessEqual(elements[i]!, time)) return true;
  return false;
}

/** Whether some element is strictly before `time`. */
export function frontierLessThan(elements: readonly Time[], time: Time): boolean {
  for (let i = 0; i < elements.length; i++) if (lessThan(elements[i]!, time)) return true;
  return false;
}

/** Whether two antichains hold the same elements, in any order. */
export function sameAntichain(a: readonly Time[], b: readonly Time[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    let found = false;
    for (let j = 0; j < b.length && !found; j++) found = sameTime(a[i]!, b[j]!);
    if (!found) return false;
  }
  return true;
}
