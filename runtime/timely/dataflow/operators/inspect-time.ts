/** Shows each item and its time to a function and passes it on. */
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function inspectTime<D, T>(stream: TimelyStream<D, T>, f: (time: T, item: D) => void): TimelyStream<D, T> {
  return transform(stream, "inspectTime", (batch, time) => {
    for (let i = 0; i < batch.length; i++) f(time, batch[i]!);
    return batch;
  });
}
