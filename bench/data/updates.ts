/** What the flow `updates` and its rows agree on. */
import { expectAnswer } from "../row.ts";
import type { Tallied } from "./tally.ts";

export const parts = 4;
/** Outputs are noted by slices of time of this length, in milliseconds. */
export const bucketMs = 5;

/** Every update was counted once, on the key it belongs to: part by part, counts went up to what their number says. */
export function checkUpdates(tallied: Tallied, keys: number): number {
  const perPart = keys / parts;
  let all = 0;
  for (let part = 0; part < parts; part++) {
    const count = tallied.sum(`count${part}`);
    const rounds = Math.floor(count / perPart);
    const rest = count % perPart;
    const sum = (perPart * rounds * (rounds + 1)) / 2 + rest * (rounds + 1);
    expectAnswer(`updates of part ${part}`, { sum: tallied.sum(`sum${part}`) }, { sum });
    all += count;
  }
  return all;
}

/** The longest time without an output in any worker, within [from, to], in milliseconds. */
export function longestGap(buckets: readonly number[], from: number, to: number): number {
  const inside = [...new Set(buckets)]
    .filter((bucket) => bucket >= from / bucketMs && bucket <= to / bucketMs)
    .toSorted((a, b) => a - b);
  let gap = 0;
  for (let i = 1; i < inside.length; i++) gap = Math.max(gap, inside[i]! - inside[i - 1]! - 1);
  return gap * bucketMs;
}
