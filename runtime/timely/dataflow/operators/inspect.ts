/** Shows each item to a function and passes it on. */
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function inspect<D, T>(stream: TimelyStream<D, T>, f: (item: D) => void): TimelyStream<D, T> {
  return transform(stream, "inspect", (batch) => {
    for (let i = 0; i < batch.length; i++) f(batch[i]!);
    return batch;
  });
}
