/** One reading of a running flow. Samples of one window all belong to one execution with one number of workers. */
export interface Sample {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly execution: number;
  readonly workers: number;
  /** Records read from sources since the execution began, over all workers; grows. */
  readonly recordsIn: number;
  /** Mean share of their time that workers spent working since the sample before, 0..1. */
  readonly busy: number;
  /** Records that are due and not read yet; undefined where no source knows. */
  readonly lag: number | undefined;
}

/**
 * `samples` with `next` behind them and what is older than `windowMs` removed; samples of another execution, or from before
 * the counters started anew, do not mix with it.
 */
export function withSample(samples: readonly Sample[], next: Sample, windowMs: number): readonly Sample[] {
  const last = samples.at(-1);
  const fits =
    last === undefined || (last.execution === next.execution && last.workers === next.workers && last.recordsIn <= next.recordsIn);
  if (!fits) return [next];
  if (last !== undefined && next.at <= last.at) return samples;
  // One sample at or before the window's start stays, so that the window is covered to its edge.
  let first = 0;
  while (first + 1 < samples.length && samples[first + 1]!.at <= next.at - windowMs) first++;
  return [...samples.slice(first), next];
}
