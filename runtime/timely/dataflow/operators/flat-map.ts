/** Any number of items for each item. */
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function flatMap<D, E, T>(stream: TimelyStream<D, T>, f: (item: D) => Iterable<E>): TimelyStream<E, T> {
  return transform(stream, "flatMap", (batch) => {
    const out: E[] = [];
    for (let i = 0; i < batch.length; i++) for (const item of f(batch[i]!)) out.push(item);
    return out;
  });
}
