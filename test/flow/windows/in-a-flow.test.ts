import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { eventClock, session, sliding, tumbling, type Windower } from "../../../runtime/flow/windows/index.ts";
import { ABORT, EOF, runMain, testSink, testSource } from "../../../runtime/testing/index.ts";

const root = mkdtempSync(join(tmpdir(), "weir-windows-"));
afterAll(() => rmSync(root, { recursive: true }));
let stores = 0;

interface Reading {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}
/** Three keys, out of order by up to 40, with some values later than that. */
const readings: Reading[] = Array.from({ length: 90 }, (_, i) => ({
  key: `k${i % 3}`,
  at: i * 7 - ((i * 37) % 50) - (i % 20 === 0 ? 60 : 0),
  n: i,
}));

interface Collected {
  readonly down: unknown[];
  readonly late: unknown[];
  readonly meta: unknown[];
}
async function runWith(
  items: readonly (Reading | typeof ABORT | typeof EOF)[],
  windower: Windower,
  options: { ordered: boolean; workers: number; recovers: boolean },
): Promise<Collected> {
  const out: Collected = { down: [], late: [], meta: [] };
  const source = testSource(items, { batchSize: 3 });
  const store = `file://${join(root, String(stores++))}`;
  const runs = 1 + items.filter((item) => item === ABORT).length;
  for (let i = 0; i < runs; i++) {
    const flow = new Dataflow("windows");
    const windows = flow
      .input("in", source)
      .keyBy("key", (reading) => reading.key)
      .window("win", {
        clock: eventClock<Reading>({ timestamp: (reading) => new Date(reading.at), waitMs: 40 }),
        windower,
        ordered: options.ordered,
      })
      .fold(
        () => [] as number[],
        (list, reading) => {
          list.push(reading.n);
          return list;
        },
        (into, from) => [...into, ...from],
      );
    windows.down.output("down", testSink(out.down as never[]));
    windows.late.output("late", testSink(out.late as never[]));
    windows.meta.output("meta", testSink(out.meta as never[]));
    await runMain(flow, {
      workers: options.workers,
      epochMs: 0,
      now: () => 1_000,
      ...(options.recovers ? { recovery: { store, snapshotMs: 0, partitions: 8 } } : {}),
    });
  }
  return out;
}
/** Test sinks see some items twice after a crash; which is why they are compared as sets. */
const asSet = (items: unknown[]) => [...new Set(items.map((item) => JSON.stringify(item)))].toSorted();
const sets = ({ down, late, meta }: Collected) => ({ down: asSet(down), late: asSet(late), meta: asSet(meta) });

describe.each([
  ["tumbling", tumbling({ lengthMs: 100, alignTo: new Date(0) })],
  ["sliding", sliding({ lengthMs: 100, offsetMs: 30, alignTo: 5 })],
  ["session", session({ gapMs: 17 })],
])("%s windows", (_name, windower) => {
  test.each([[true], [false]])("are the same on one worker and on three, and through crashes (ordered: %s)", async (ordered) => {
    const whole = await runWith(readings, windower, { ordered, workers: 1, recovers: false });
    expect(whole.late.length).toBeGreaterThan(0);
    expect(whole.down.length).toBe(whole.meta.length);
    expect(sets(await runWith(readings, windower, { ordered, workers: 3, recovers: false }))).toEqual(sets(whole));
    const torn = [...readings.slice(0, 31), ABORT, ...readings.slice(31, 64), ABORT, ...readings.slice(64)] as const;
    expect(sets(await runWith(torn, windower, { ordered, workers: 1, recovers: true }))).toEqual(sets(whole));
  });
});

test("another windower on a resume stops the flow with an error that names the step", async () => {
  const store = `file://${join(root, String(stores++))}`;
  const source = testSource([...readings.slice(0, 9), ABORT, ...readings.slice(9)], { batchSize: 3 });
  const flow = (lengthMs: number) => {
    const flow = new Dataflow("changed");
    flow
      .input("in", source)
      .keyBy("key", (reading) => reading.key)
      .window("win", {
        clock: eventClock<Reading>({ timestamp: (reading) => reading.at, waitMs: 0 }),
        windower: tumbling({ lengthMs, alignTo: 0 }),
      })
      .count()
      .down.output("down", testSink<unknown>([]) as never);
    return flow;
  };
  const options = { epochMs: 0, recovery: { store, snapshotMs: 0, partitions: 4 } };
  await runMain(flow(100_000), options);
  await expect(runMain(flow(50_000), options)).rejects.toMatchObject({ code: "WEIR_STATE_MISMATCH", step: "win" });
});

test("a timestamp that is none stops the flow with an error that names the step", async () => {
  const flow = new Dataflow("bad");
  flow
    .input("in", testSource([{ at: "yesterday" }]))
    .keyBy("key", () => "k")
    .window("win", {
      clock: eventClock<{ at: string }>({ timestamp: (value) => new Date(value.at), waitMs: 0 }),
      windower: tumbling({ lengthMs: 10, alignTo: 0 }),
    })
    .count()
    .down.output("out", testSink<unknown>([]) as never);
  await expect(runMain(flow)).rejects.toMatchObject({
    code: "WEIR_BAD_RETURN",
    step: "win",
    message: expect.stringContaining("Invalid Date") as string,
  });
});
