/** Folds the batches of each time, on each worker, and gives the state when the time is complete. */
import { pipeline } from "../pact.ts";
import type { TimelyStream } from "../types.ts";
import { perTime } from "./per-time.ts";

export function accumulate<D, S, T>(
  stream: TimelyStream<D, T>,
  init: () => S,
  fold: (state: S, batch: readonly D[]) => S,
): TimelyStream<S, T> {
  return perTime<D, S, S, T>(stream, {
    name: "accumulate",
    pact: pipeline,
    create: init,
    take: fold,
    complete: (state) => [state],
  });
}
