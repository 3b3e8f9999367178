/** Three queries of examples/nexmark: a join with state, windows over windows, a join in windows. */
import { loops } from "../data/nexmark-loops.ts";
import type { Answer, MeasuredQuery } from "../data/nexmark.ts";
import { expectAnswer, type Goal, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { runFlow } from "../run-flow.ts";

interface Full {
  readonly events: number;
  readonly answer: Answer;
}

function nexmark(query: MeasuredQuery, work: string, full: Full, goals: readonly Goal[], limit: string): Row {
  const records: Record<Scale, number> = { full: full.events, brief: 200_000, tiny: 20_000 };
  const loop = loops[query];
  const answer = (scale: Scale): Record<string, number> => ({ ...(scale === "full" ? full.answer : loop(records[scale])) });
  const flow = async ({ scale, scratch }: Place, threads: number): Promise<Measurement> => {
    const count = records[scale];
    const done = await runFlow("nexmark", { scale, scratch }, { threads, params: { query, records: count, parts: threads } });
    const got = { rows: done.sum("rows"), checksum: done.sum("checksum") % 2 ** 32 };
    expectAnswer(query, got, answer(scale));
    return { value: count / done.seconds, also: { "CPU ms": done.cpu } };
  };
  return {
    name: `nexmark-${query}`,
    work,
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
    goals,
    limit,
  };
}

export const nexmarkQ3 = nexmark(
  "q3",
  "query 3 of Nexmark over 4 M events: people joined with what they sell, with state and without an end",
  { events: 4_000_000, answer: { rows: 23_851, checksum: 1_464_828_691 } },
  [
    { variant: "1 worker", of: "loop", atLeast: 0.4 },
    { variant: "2 workers", of: "loop", atLeast: 0.3 },
  ],
  "Making the events, which is nearly all that the loop does: two in a hundred are joined. It knows that sellers come first, too.",
);
export const nexmarkQ5 = nexmark(
  "q5",
  "query 5 of Nexmark over 2 M events: bids of each auction in sliding windows, and the most of each window",
  { events: 2_000_000, answer: { rows: 1_004, checksum: 1_812_917_623 } },
  [{ variant: "1 worker", of: "loop", atLeast: 0.1 }],
  "The loop knows that time only goes forward: it counts each bid once, in slices of two seconds, and adds five up when a window closes. A flow counts it in five windows of its auction's own, which wait for bids that are out of order by any time, and hands each of 0.7 M counts on to the windows over windows.",
);
export const nexmarkQ8 = nexmark(
  "q8",
  "query 8 of Nexmark over 4 M events: people joined with what they sell in the same tumbling window",
  { events: 4_000_000, answer: { rows: 17_995, checksum: 3_762_457_208 } },
  [{ variant: "1 worker", of: "loop", atLeast: 0.12 }],
  "Making the events, and memory: the loop knows that time only goes forward, and forgets everybody when a window ends. A flow keeps windows for each person to the end of the input, since events may be out of order by any time.",
);
