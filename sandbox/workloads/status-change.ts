/** Does a status have to be written? Only the fields given count; a count of 0 may be left out, as the API does. */
import { canonicalText } from "./template-hash.ts";

export function statusDiffers(wanted: object, current: object | undefined): boolean {
  const before = (current ?? {}) as Record<string, unknown>;
  return Object.entries(wanted).some(([field, value]) => {
    if (value === 0 && before[field] === undefined) return false;
    return canonicalText(value) !== canonicalText(before[field] ?? null);
  });
}
