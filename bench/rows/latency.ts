import { waitsMeasured } from "../data/waits.ts";
import { expectAnswer, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const rate = 10_000;
const lasting: Record<Scale, { seconds: number; warmUpMs: number }> = {
  full: { seconds: 8, warmUpMs: 3_000 },
  brief: { seconds: 2, warmUpMs: 1_000 },
  tiny: { seconds: 0.2, warmUpMs: 50 },
};

async function latency(place: Place, processes: number): Promise<Measurement> {
  const { seconds, warmUpMs } = lasting[place.scale];
  const records = seconds * rate;
  const done = await runFlow("latency", place, { processes, params: { records, rate, parts: processes, warmUpMs } });
  expectAnswer("latency", { count: done.sum("count") }, { count: records });
  return waitsMeasured(done.list("waits"));
}

export const latencyRow: Row = {
  name: "latency",
  work: "from the moment a record is due to the sink behind a keyed sum, at 10,000 records/s; 99th percentile",
  unit: "ms",
  variants: {
    "1 worker": (place) => latency(place, 1),
    "2 processes": (place) => latency(place, 2),
  },
  goals: [
    { variant: "1 worker", below: 10 },
    { variant: "2 processes", below: 20 },
    { variant: "1 worker", of: "flink, 1 worker", atLeast: 1 },
  ],
  limit: "Timers of a millisecond: a record that is due just after one waits for the next. Then garbage collection.",
};
