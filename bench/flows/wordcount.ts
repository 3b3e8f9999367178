/** Counts the words of two files. */
import { Dataflow, fileSource } from "weir";
import { openTally, tallySink, timed } from "../data/tally.ts";
import { words } from "../data/words.ts";

export default function wordcount(params: Readonly<Record<string, string>>): Dataflow {
  const tally = openTally(params.report!);
  let total = 0;
  let distinct = 0;
  let the = 0;
  const flow = new Dataflow("wordcount");
  flow
    .input("lines", timed(fileSource(params.files!), tally))
    .flatMap("split", words)
    .keyBy("word", (word) => word)
    .countFinal("count")
    .output(
      "total",
      tallySink(
        tally,
        (items) => {
          distinct += items.length;
          for (const [word, count] of items) {
            total += count;
            if (word === "the") the = count;
          }
        },
        () => ({ total, distinct, the }),
      ),
    );
  return flow;
}
