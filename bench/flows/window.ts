/** Tumbling windows of 10 s over records 1 ms apart, counted per key. The clock stands still, so that a slow run finds nothing late. */
import { Dataflow, eventClock, tumbling } from "weir";
import { integers } from "../data/integers.ts";
import { lowbias32 } from "../data/lowbias32.ts";
import { openTally, tallySink } from "../data/tally.ts";

export default function window(params: Readonly<Record<string, string>>): Dataflow {
  const keys = Number(params.keys);
  const parts = Number(params.parts);
  const tally = openTally(params.report!);
  let results = 0;
  let sum = 0;
  const flow = new Dataflow("window");
  flow
    .input(
      "integers",
      integers(Number(params.records), tally, parts, (i) => lowbias32(i) % parts),
    )
    .keyBy("key", (i) => `k${lowbias32(i) % keys}`)
    .window("window", {
      clock: eventClock<number>({ timestamp: (ms) => ms, waitMs: 0, now: () => 0 }),
      windower: tumbling({ lengthMs: 10_000, alignTo: 0 }),
    })
    .count()
    .down.unkey("values")
    .output(
      "counts",
      tallySink(
        tally,
        (items) => {
          results += items.length;
          for (let i = 0; i < items.length; i++) sum += items[i]![1];
        },
        () => ({ results, sum }),
      ),
    );
  return flow;
}
