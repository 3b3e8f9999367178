/** Counts the items of each time, on each worker. */
import type { TimelyStream } from "../types.ts";
import { accumulate } from "./accumulate.ts";

export function count<D, T>(stream: TimelyStream<D, T>): TimelyStream<number, T> {
  return accumulate(
    stream,
    () => 0,
    (counted, batch) => counted + batch.length,
  );
}
