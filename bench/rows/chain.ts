import { type Scale, expectAnswer, type Row } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const records: Record<Scale, number> = { full: 20_000_000, brief: 2_000_000, tiny: 20_000 };

function loop(count: number): number {
  let left = 0;
  for (let i = 0; i < count; i++) {
    const a = i * 3 + 1;
    if ((a & 1) !== 0) continue;
    const b = a ^ 0x5bd1e995;
    if (b % 7 === 0) continue;
    if (b >> 1 >= 0) left++;
  }
  return left;
}
const answer = (scale: Scale): { count: number } => ({ count: scale === "full" ? 8_571_454 : loop(records[scale]) });

export const chain: Row = {
  name: "chain",
  work: "six stateless steps over 20 M integers, then a count",
  unit: "records/s",
  records,
  answer,
  variants: {
    loop({ scale }) {
      const start = performance.now();
      const count = loop(records[scale]);
      const seconds = (performance.now() - start) / 1000;
      expectAnswer("loop", { count }, answer(scale));
      return { value: records[scale] / seconds };
    },
    async "1 worker"(place) {
      const done = await runFlow("chain", place, { params: { records: records[place.scale] } });
      expectAnswer("chain", { count: done.sum("count") }, answer(place.scale));
      return { value: records[place.scale] / done.seconds, also: { "CPU ms": done.cpu } };
    },
  },
  goals: [
    { variant: "1 worker", of: "loop", atLeast: 0.3 },
    { variant: "1 worker", of: "flink, 1 worker", atLeast: 5 },
  ],
  limit: "The loop keeps an integer in a register, and writes none; a flow has to hand what the steps keep to a sink, in arrays.",
};
