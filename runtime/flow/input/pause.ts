/**
 * When a source that had nothing is asked again: soon while that is new, seldom when it has been so for long, since each time wakes the
 * process and an idle flow is to cost next to nothing.
 */
const steps: readonly { readonly times: number; readonly ms: number }[] = [
  { times: 100, ms: 1 },
  { times: 200, ms: 10 },
  { times: 100, ms: 25 },
  { times: 100, ms: 50 },
];
const longest = 100;

/** Milliseconds, after so many times in a row in which nothing was there. */
export function pauseAfter(empty: number): number {
  let before = 0;
  for (const { times, ms } of steps) {
    before += times;
    if (empty <= before) return ms;
  }
  return longest;
}
