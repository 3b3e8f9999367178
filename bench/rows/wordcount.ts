import { closeSync, openSync, readSync } from "node:fs";
import { wordcountText, type Text } from "../data/text.ts";
import { words } from "../data/words.ts";
import { expectAnswer, type Measurement, type Place, type Row } from "../row.ts";
import { runFlow } from "../run-flow.ts";

type Answer = NonNullable<Text["answer"]>;

/** Reads blocks that end where a line does, cuts them into lines and those into words: one Map, no streams. */
function loop(text: Text): Answer {
  const counts = new Map<string, number>();
  const block = Buffer.allocUnsafe(1 << 16);
  for (const path of text.files) {
    const file = openSync(path, "r");
    let kept = 0;
    for (let read = 1; read > 0;) {
      read = readSync(file, block, kept, block.length - kept, null);
      const filled = kept + read;
      const end = read === 0 ? filled : block.subarray(0, filled).lastIndexOf(10) + 1;
      for (const line of block.toString("utf8", 0, end).split("\n"))
        for (const word of words(line)) counts.set(word, (counts.get(word) ?? 0) + 1);
      block.copyWithin(0, end, filled);
      kept = filled - end;
    }
    closeSync(file);
  }
  let total = 0;
  for (const count of counts.values()) total += count;
  return { total, distinct: counts.size, the: counts.get("the") ?? 0 };
}

async function flow(place: Place, threads: number): Promise<Measurement> {
  const text = wordcountText(place.scale);
  const done = await runFlow("wordcount", place, { threads, params: { files: text.glob } });
  const got = { total: done.sum("total"), distinct: done.sum("distinct"), the: done.sum("the") };
  expectAnswer("wordcount", got, text.answer ?? loop(text));
  return { value: got.total / done.seconds, also: { "CPU ms": done.cpu } };
}

export const wordcount: Row = {
  name: "wordcount",
  work: "final counts of the words of 103 MB of text in two files",
  unit: "words/s",
  answer(scale) {
    const text = wordcountText(scale);
    return text.answer ?? loop(text);
  },
  variants: {
    loop({ scale }) {
      const text = wordcountText(scale);
      const start = performance.now();
      const got = loop(text);
      const seconds = (performance.now() - start) / 1000;
      if (text.answer !== undefined) expectAnswer("loop", got, text.answer);
      return { value: got.total / seconds };
    },
    "1 worker": (place) => flow(place, 1),
    "2 workers": (place) => flow(place, 2),
  },
  goals: [
    { variant: "1 worker", of: "loop", atLeast: 0.7 },
    { variant: "2 workers", of: "loop", atLeast: 1.2 },
    { variant: "2 workers", of: "timely, 2 workers", atLeast: 1 },
  ],
  limit: "Cutting text into strings of their own and hashing each: the loop does nothing else.",
};
