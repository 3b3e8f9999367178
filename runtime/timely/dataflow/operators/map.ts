/** One item for each item. */
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function map<D, E, T>(stream: TimelyStream<D, T>, f: (item: D) => E): TimelyStream<E, T> {
  return transform(stream, "map", (batch) => {
    const out: E[] = [];
    for (let i = 0; i < batch.length; i++) out.push(f(batch[i]!));
    return out;
  });
}
