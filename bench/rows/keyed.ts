import { lowbias32 } from "../data/lowbias32.ts";
import { type Goal, type Place, type Scale, expectAnswer, type Measurement, type Row } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const records: Record<Scale, number> = { full: 5_000_000, brief: 500_000, tiny: 20_000 };

function loop(count: number, keys: number): number {
  const sums = new Map<string, number>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    const key = `k${lowbias32(i) % keys}`;
    const sum = (sums.get(key) ?? 0) + i;
    sums.set(key, sum);
    total = (total + sum) >>> 0;
  }
  return total;
}

function keyed(name: string, keys: number, full: number, goals: readonly Goal[], limit: string): Row {
  const answer = (scale: Scale): { total: number } => ({ total: scale === "full" ? full : loop(records[scale], keys) });
  const flow = async (place: Place, threads: number): Promise<Measurement> => {
    const count = records[place.scale];
    const done = await runFlow("keyed", place, { threads, params: { records: count, keys, parts: threads } });
    expectAnswer(name, { total: done.sum("total") >>> 0, count: done.sum("count") }, { ...answer(place.scale), count });
    return { value: count / done.seconds, also: { "CPU ms": done.cpu } };
  };
  return {
    name,
    work: `running sum of 5 M records by ${keys.toLocaleString("en")} string keys, with an output for each record`,
    unit: "records/s",
    records,
    answer,
    variants: {
      loop({ scale }) {
        const start = performance.now();
        const total = loop(records[scale], keys);
        const seconds = (performance.now() - start) / 1000;
        expectAnswer("loop", { total }, answer(scale));
        return { value: records[scale] / seconds };
      },
      "1 worker": (place) => flow(place, 1),
      "2 workers": (place) => flow(place, 2),
    },
    goals,
    limit,
  };
}

export const keyed1k = keyed(
  "keyed-1k",
  1_000,
  2_314_289_654,
  [
    { variant: "1 worker", of: "loop", atLeast: 0.5 },
    { variant: "1 worker", of: "flink, 1 worker", atLeast: 2 },
    { variant: "2 workers", of: "loop", atLeast: 0.8 },
  ],
  "Making and hashing the key's string, which the loop does once. A flow hashes it to find the key's partition too.",
);
export const keyed1m = keyed(
  "keyed-1m",
  1_000_000,
  4_228_706_509,
  [
    { variant: "1 worker", of: "loop", atLeast: 0.9 },
    { variant: "2 workers", of: "loop", atLeast: 1.5 },
  ],
  "Memory: each look-up of a key misses the caches, in the loop's one Map as in the state of a step.",
);
