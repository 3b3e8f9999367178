/**
 * Steps with a logic per key: windows of each kind, and logics that people write, against a loop with one Map.
 * `node bench/micro/flow/stateful.ts [name] [keys] [records]`
 *
 * The data are those of the `window` row: records 1 ms apart, keys drawn by lowbias32. The clock stands still: a replay slower than its own
 * timestamps would find some of its values late. What comes out is counted, and every run has to come to the same.
 */
import {
  type Clock,
  Dataflow,
  eventClock,
  type KeyedStream,
  session,
  sliding,
  type StatefulBatchLogic,
  type StatefulLogic,
  tumbling,
  type Windower,
  type WindowedStream,
} from "../../../runtime/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";
import { lowbias32 } from "../../data/lowbias32.ts";
import { countWindowsByHand, windowMs } from "../../data/windows.ts";
import { measure, range } from "./measure.ts";

const only = process.argv[2] ?? "";
const keys = Number(process.argv[3] ?? 1_000);
const records = Number(process.argv[4] ?? 2_000_000);
const rounds = Number(process.argv[5] ?? 5);

const keyOf = (i: number): string => `k${lowbias32(i) % keys}`;
const ten = tumbling({ lengthMs: windowMs, alignTo: 0 });
const clock = (waitMs: number): Clock<number> => eventClock<number>({ timestamp: (ms) => ms, waitMs, now: () => 0 });
const count = (stream: WindowedStream<number>): KeyedStream<any> => stream.count().down;
const fold = (stream: WindowedStream<number>): KeyedStream<any> =>
  stream.fold(
    () => 0,
    (sum) => sum + 1,
    (a, b) => a + b,
  ).down;
/** What a user would write who wants windows of their own: here tumbling ones. */
const own: Windower = {
  build(resume) {
    const windows = ten.build(resume);
    return {
      openFor: (timestamp, watermark) => windows.openFor(timestamp, watermark),
      lateFor: (timestamp) => windows.lateFor(timestamp),
      merged: () => [],
      closeFor: (watermark) => windows.closeFor(watermark),
      notifyAt: () => windows.notifyAt(),
      isEmpty: () => windows.isEmpty(),
      snapshot: () => windows.snapshot(),
    };
  },
};
const everyTenth = (): StatefulLogic<number, number, number> => {
  let seen = 0;
  return { onItem: () => (++seen % 10 === 0 ? { emit: [seen] } : undefined), snapshot: () => seen };
};
const batches = (): StatefulBatchLogic<number, number, number> => {
  let seen = 0;
  return {
    onBatch(values) {
      const before = seen;
      seen += values.length;
      return Math.floor(seen / 10) > Math.floor(before / 10) ? { emit: [seen] } : undefined;
    },
    notifyAt: () => 8.64e15 - 8 * seen,
    snapshot: () => seen,
  };
};

type Step = (stream: KeyedStream<number>) => KeyedStream<any>;
const windowed =
  (windower: Windower, waitMs: number, operate: typeof count, ordered = true): Step =>
  (stream) =>
    operate(stream.window("step", { clock: clock(waitMs), windower, ordered }));
const steps: Readonly<Record<string, Step>> = {
  "tumbling count": windowed(ten, 0, count),
  "tumbling fold": windowed(ten, 0, fold),
  "tumbling fold, waits 5 s": windowed(ten, 5_000, fold),
  "sliding count, 4 per value": windowed(sliding({ lengthMs: windowMs, offsetMs: 2_500, alignTo: 0 }), 0, count),
  "session count": windowed(session({ gapMs: 2_000 }), 0, count),
  "own windower, count": windowed(own, 0, count),
  "tumbling join": (stream) => {
    const left = stream.filterValue("left", (i) => i % 2 === 0);
    const right = stream.filterValue("right", (i) => i % 2 === 1);
    return left.window("step", { clock: clock(0), windower: ten }).join([right]).down;
  },
  stateful: (stream) => stream.stateful("step", everyTenth),
  statefulBatch: (stream) => stream.statefulBatch("step", batches),
};

async function flow(step: Step): Promise<number> {
  let results = 0;
  const dataflow = new Dataflow("stateful");
  const keyed = dataflow
    .input(
      "integers",
      range(records, 4_096, (i) => i),
    )
    .keyBy("key", keyOf);
  step(keyed)
    .unkey("values")
    .output("count", {
      kind: "dynamic",
      build: () => ({
        writeBatch(items) {
          results += items.length;
        },
      }),
    });
  await runMain(dataflow);
  return results;
}

const loop = (): number => countWindowsByHand(records, keyOf).results;
for (const [name, step] of Object.entries(steps)) {
  if (name.includes(only)) await measure(records, { loop, [name]: () => flow(step) }, undefined, rounds);
}
