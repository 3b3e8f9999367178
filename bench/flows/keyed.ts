/** A running sum per string key with an output for each record; the answer is the sum of all outputs mod 2³². */
import { Dataflow } from "weir";
import { integers } from "../data/integers.ts";
import { lowbias32 } from "../data/lowbias32.ts";
import { openTally, tallySink } from "../data/tally.ts";

export default function keyed(params: Readonly<Record<string, string>>): Dataflow {
  const keys = Number(params.keys);
  const parts = Number(params.parts);
  const tally = openTally(params.report!);
  let total = 0;
  let count = 0;
  const flow = new Dataflow("keyed");
  flow
    .input(
      "integers",
      integers(Number(params.records), tally, parts, (i) => lowbias32(i) % parts),
    )
    .keyBy("key", (i) => `k${lowbias32(i) % keys}`)
    .statefulMap("sum", (sum: number | undefined, i) => {
      const next = (sum ?? 0) + i;
      return [next, next];
    })
    .unkey("values")
    .output(
      "total",
      tallySink(
        tally,
        (items) => {
          count += items.length;
          for (let i = 0; i < items.length; i++) total = (total + items[i]!) >>> 0;
        },
        () => ({ total, count }),
      ),
    );
  return flow;
}
