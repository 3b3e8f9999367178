/**
 * Windows alone, without a dataflow around them: `node bench/micro/windows.ts [name]`. The data are those of the `window` row (5 M records,
 * 1 ms apart, 1,000 keys drawn by lowbias32, windows of 10 s), cut into chunks of 1,024 records and grouped by key, as a
 * stateful step hands them over. Each run checks its answer. Rates are per second of processor time; the loop does the same work
 * on one Map. The clock stands still: a replay slower than its own timestamps would find some of its values late.
 */
import { lowbias32 } from "../data/lowbias32.ts";
import { countWindowsByHand, windowMs, type WindowCounts } from "../data/windows.ts";
import type { StatefulBatchLogic } from "../../runtime/flow/logic.ts";
import { countWindow, eventClock, foldWindow, session, sliding, tumbling, windowLogic } from "../../runtime/flow/windows/index.ts";
import type { Windower, WindowAggregate, WindowEvent } from "../../runtime/flow/windows/index.ts";

const records = Number(process.env.RECORDS ?? 5_000_000);
const keys = Number(process.env.KEYS ?? 1_000);
const chunk = 1_024;

const names = Array.from({ length: keys }, (_, key) => `k${key}`);
const keyOf = new Uint32Array(records);
for (let i = 0; i < records; i++) keyOf[i] = lowbias32(i) % keys;

function windowed(windower: Windower, aggregate: WindowAggregate<any, any>, waitMs: number, shuffle = 0): WindowCounts {
  const build = windowLogic<number>({
    step: "window",
    clock: eventClock<number>({ timestamp: (ms) => ms, waitMs, now: () => 0 }),
    windower,
    aggregate,
  });
  const logics = new Map<string, StatefulBatchLogic<number, WindowEvent, unknown>>();
  let results = 0;
  let sum = 0;
  const take = (key: string, outcome: { emit?: Iterable<WindowEvent>; discard?: boolean } | void): void => {
    if (outcome === undefined) return;
    if (outcome.emit !== undefined) {
      for (const event of outcome.emit as WindowEvent[]) {
        if (event[0] !== 0) continue;
        results++;
        sum += event[2] as number;
      }
    }
    if (outcome.discard === true) logics.delete(key);
  };
  const batches = new Map<string, number[]>();
  for (let from = 0; from < records; from += chunk) {
    const until = Math.min(records, from + chunk);
    for (let i = from; i < until; i++) {
      const key = names[keyOf[i]!]!;
      const batch = batches.get(key);
      const time = shuffle === 0 ? i : i - (lowbias32(i) % shuffle);
      if (batch === undefined) batches.set(key, [time]);
      else batch.push(time);
    }
    for (const [key, values] of batches) {
      let logic = logics.get(key);
      if (logic === undefined) logics.set(key, (logic = build(undefined)));
      take(key, logic.onBatch(values));
      logic.notifyAt!();
    }
    batches.clear();
  }
  for (const [key, logic] of logics) take(key, logic.onEof!());
  return { results, sum };
}

const sumUp = (): WindowAggregate<number, number> =>
  foldWindow(
    () => 0,
    (count: number) => count + 1,
    (a, b) => a + b,
  );
const tumbling10 = tumbling({ lengthMs: windowMs, alignTo: 0 });
const cases: [name: string, run: () => WindowCounts, sum: number][] = [
  ["loop", () => countWindowsByHand(records, (i) => names[keyOf[i]!]!), records],
  ["tumbling count", () => windowed(tumbling10, countWindow(), 0), records],
  ["tumbling fold", () => windowed(tumbling10, sumUp(), 0), records],
  ["tumbling fold, 5 s disorder", () => windowed(tumbling10, sumUp(), 5_000, 5_000), records],
  ["tumbling count, 5 s disorder", () => windowed(tumbling10, countWindow(), 5_000, 5_000), records],
  [
    "sliding count, 4 per value",
    () => windowed(sliding({ lengthMs: windowMs, offsetMs: 2_500, alignTo: 0 }), countWindow(), 0),
    records * 4,
  ],
  ["session count", () => windowed(session({ gapMs: 2_000 }), countWindow(), 0), records],
];

let loop = 0;
for (const [name, run, expected] of cases) {
  if (name !== "loop" && process.argv[2] !== undefined && !name.includes(process.argv[2])) continue;
  let best = 0;
  let tally: WindowCounts = { results: 0, sum: 0 };
  for (let round = 0; round < 3; round++) {
    const start = process.cpuUsage();
    tally = run();
    const { user, system } = process.cpuUsage(start);
    best = Math.max(best, records / (user + system));
  }
  if (tally.sum !== expected) throw new Error(`${name}: the results add up to ${tally.sum} and should to ${expected}`);
  loop = name === "loop" ? best : loop;
  console.log(
    `${name.padEnd(32)} ${best.toFixed(2).padStart(7)} M records/s  ${(best / loop).toFixed(2).padStart(5)} × loop  ${tally.results} results`,
  );
}
