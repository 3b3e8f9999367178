/** Counts per key and window of 10 s of records 1 ms apart, as a loop with one Map does it that knows that time only goes forward. */
export const windowMs = 10_000;

export interface WindowCounts {
  results: number;
  sum: number;
}

export function countWindowsByHand(records: number, keyOf: (i: number) => string): WindowCounts {
  const open = new Map<string, { window: number; count: number }>();
  let results = 0;
  let sum = 0;
  for (let i = 0; i < records; i++) {
    const key = keyOf(i);
    const window = Math.floor(i / windowMs);
    const state = open.get(key);
    if (state === undefined) open.set(key, { window, count: 1 });
    else if (state.window === window) state.count++;
    else {
      results++;
      sum += state.count;
      state.window = window;
      state.count = 1;
    }
  }
  for (const state of open.values()) {
    results++;
    sum += state.count;
  }
  return { results, sum };
}
