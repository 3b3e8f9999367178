import { lowbias32 } from "../data/lowbias32.ts";
import { countWindowsByHand, type WindowCounts } from "../data/windows.ts";
import { type Place, type Scale, expectAnswer, type Measurement, type Row } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const keys = 1_000;
const records: Record<Scale, number> = { full: 5_000_000, brief: 500_000, tiny: 20_000 };

const loop = (count: number): WindowCounts => countWindowsByHand(count, (i) => `k${lowbias32(i) % keys}`);
const answer = (scale: Scale): { results: number; sum: number } =>
  scale === "full" ? { results: 499_972, sum: 5_000_000 } : loop(records[scale]);

async function flow(place: Place, threads: number): Promise<Measurement> {
  const count = records[place.scale];
  const done = await runFlow("window", place, { threads, params: { records: count, keys, parts: threads } });
  expectAnswer("window", { results: done.sum("results"), sum: done.sum("sum") }, answer(place.scale));
  return { value: count / done.seconds, also: { "CPU ms": done.cpu } };
}

export const window: Row = {
  name: "window",
  work: "counts of tumbling 10 s windows over 5 M records, 1 ms apart, of 1,000 keys",
  unit: "records/s",
  records,
  answer,
  variants: {
    loop({ scale }) {
      const start = performance.now();
      const got = loop(records[scale]);
      const seconds = (performance.now() - start) / 1000;
      expectAnswer("loop", { ...got }, answer(scale));
      return { value: records[scale] / seconds };
    },
    "1 worker": (place) => flow(place, 1),
    "2 workers": (place) => flow(place, 2),
  },
  goals: [
    { variant: "1 worker", of: "loop", atLeast: 0.25 },
    { variant: "1 worker", of: "bytewax, 1 worker", atLeast: 30 },
    { variant: "2 workers", of: "loop", atLeast: 0.4 },
  ],
  limit:
    "The loop knows that time only goes forward. A windower asks each record for its time and compares it with the watermark of its key, keeps windows that may close late, and wakes keys that fall silent.",
};
