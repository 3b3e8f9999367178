/** A short name for a pod template: equal templates, however their keys are ordered, have equal names. */
import { createHash } from "node:crypto";

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, of]) => of !== undefined && of !== null);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, of]) => [key, canonical(of)]));
}

export const canonicalText = (value: unknown): string => JSON.stringify(canonical(value));

// No vowels and no digits that look like letters: names made of it spell nothing.
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

export function templateHash(template: unknown): string {
  const digest = createHash("sha256").update(canonicalText(template)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join("");
}
