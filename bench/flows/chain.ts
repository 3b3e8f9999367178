/** Six stateless steps over integers: i·3+1, keep even, xor 0x5bd1e995, drop multiples of 7, >> 1, keep >= 0, count. */
import { Dataflow } from "weir";
import { integers } from "../data/integers.ts";
import { openTally, tallySink } from "../data/tally.ts";

export default function chain(params: Readonly<Record<string, string>>): Dataflow {
  const tally = openTally(params.report!);
  let count = 0;
  const flow = new Dataflow("chain");
  flow
    .input("integers", integers(Number(params.records), tally))
    .map("affine", (i) => i * 3 + 1)
    .filter("even", (i) => (i & 1) === 0)
    .map("xor", (i) => i ^ 0x5bd1e995)
    .filter("no sevens", (i) => i % 7 !== 0)
    .map("half", (i) => i >> 1)
    .filter("positive", (i) => i >= 0)
    .output(
      "count",
      tallySink(
        tally,
        (items) => void (count += items.length),
        () => ({ count }),
      ),
    );
  return flow;
}
