/** The items that a predicate holds for. */
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function filter<D, T>(stream: TimelyStream<D, T>, f: (item: D) => boolean): TimelyStream<D, T> {
  return transform(stream, "filter", (batch) => {
    const out: D[] = [];
    for (let i = 0; i < batch.length; i++) if (f(batch[i]!)) out.push(batch[i]!);
    return out;
  });
}
