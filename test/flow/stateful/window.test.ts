import { expect, test } from "vitest";
import { Dataflow, eventClock, type Keyed, session, systemClock, tumbling } from "../../../runtime/flow/index.ts";
import { StepState } from "../../../runtime/flow/state/step-state.ts";
import { Wakes } from "../../../runtime/flow/state/wakes.ts";
import { Outlet } from "../../../runtime/flow/stateful/outlet.ts";
import { windowsDriver } from "../../../runtime/flow/stateful/window-driver.ts";
import { countWindow } from "../../../runtime/flow/windows/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

interface Reading {
  readonly at: number;
  readonly value: number;
}
const clock = eventClock<Reading>({ timestamp: (reading) => reading.at, waitMs: 0, now: () => 0 });
const windower = tumbling({ lengthMs: 10, alignTo: 0 });
const readings: Keyed<Reading>[] = [
  ["a", { at: 1, value: 1 }],
  ["b", { at: 3, value: 2 }],
  ["a", { at: 9, value: 3 }],
  ["a", { at: 12, value: 4 }],
  ["a", { at: 5, value: 5 }],
  ["b", { at: 27, value: 6 }],
];
const sorted = <T>(out: Keyed<T>[]) => out.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

for (const workers of [1, 2]) {
  test(`window events go to down, late and meta on ${workers} workers`, async () => {
    const [down, late, meta]: [Keyed<unknown>[], Keyed<unknown>[], Keyed<unknown>[]] = [[], [], []];
    const flow = new Dataflow("windows");
    const out = flow
      .input("in", listSource([readings], 1))
      .asKeyed()
      .window("w", { clock, windower })
      .fold(
        () => 0,
        (sum, reading) => sum + reading.value,
        (a, b) => a + b,
      );
    out.down.output("down", arraySink(down));
    out.late.output("late", arraySink(late));
    out.meta.mapValue("times", ([id, { openTime, closeTime }]) => [id, openTime, closeTime]).output("meta", arraySink(meta));
    const { lowered } = await run(flow, { workers });
    expect(sorted(down)).toEqual([
      ["a", [0, 4]],
      ["a", [1, 4]],
      ["b", [0, 2]],
      ["b", [2, 6]],
    ]);
    expect(late).toEqual([["a", [0, { at: 5, value: 5 }]]]);
    expect(sorted(meta)).toEqual([
      ["a", [0, 0, 10]],
      ["a", [1, 10, 20]],
      ["b", [0, 0, 10]],
      ["b", [2, 20, 30]],
    ]);
    expect(lowered.reduce((sum, one) => sum + one.metrics.steps.find(({ step }) => step === "w")!.recordsIn, 0)).toBe(6);
  });
}

test("keys of a chunk are handled one after the other, in the order of their first values", async () => {
  const order: string[] = [];
  const down: Keyed<unknown>[] = [];
  const flow = new Dataflow("windows");
  flow
    .input("in", listSource([readings], readings.length))
    .asKeyed()
    .window("w", { clock, windower })
    .reduce((a, b) => {
      order.push(`${a.value}+${b.value}`);
      return b;
    })
    .down.output("down", arraySink(down));
  await run(flow);
  expect(order).toEqual(["1+3"]);
  expect(down.map(([key, value]) => [key, (value as [number, Reading])[1].value])).toEqual([
    ["a", 3],
    ["b", 2],
    ["a", 4],
    ["b", 6],
  ]);
});

test("windows that are kept in memory from one execution to the next go on in the next one's outputs and by its clock", () => {
  const state = new StepState("w", () => 0);
  const plan = { step: "w", clock: systemClock(), windower, aggregate: countWindow(), ordered: true, sides: false };
  const execution = (now: number) => {
    const seen: unknown[][] = [[], [], []];
    const outlets = seen.map((out) => new Outlet((_keys, values) => void out.push(...values)));
    const driver = windowsDriver(plan)({ step: "w", state, wakes: new Wakes(), outlets, now: () => now });
    state.attach(driver, { enabled: false } as never);
    return { driver, seen, flush: () => outlets.forEach((outlet) => outlet.flush()) };
  };
  const first = execution(3);
  first.driver.batch(["k"], ["a"], 0);
  const second = execution(12);
  second.driver.batch(["k"], ["b"], 0);
  for (const one of [first, second]) one.flush();
  expect(first.seen).toEqual([[], [], []]);
  expect(second.seen).toEqual([[[0, 1]], [], [[0, { openTime: 0, closeTime: 10, mergedIds: [] }]]]);
});

test("what nobody reads is not made: metadata of closed windows", async () => {
  const records = async (read: boolean) => {
    const flow = new Dataflow("windows");
    const out = flow
      .input("in", listSource([readings], 1))
      .asKeyed()
      .window("w", { clock, windower })
      .count();
    out.down.output("down", arraySink([]));
    if (read) out.meta.output("meta", arraySink([]));
    const { lowered } = await run(flow);
    return lowered[0]!.metrics.steps.find(({ step }) => step === "w")!.recordsOut;
  };
  // Four results, a late value that nobody reads either, four notes.
  expect([await records(false), await records(true)]).toEqual([5, 9]);
});

test("all operations of a window", async () => {
  const results: Record<string, unknown[]> = {};
  const flow = new Dataflow("windows");
  const keyed = flow.input("in", listSource([readings.filter(([key]) => key === "b").concat(readings.slice(2, 3))], 9)).asKeyed();
  const see = (name: string) => {
    results[name] = [];
    return arraySink(results[name]) as never;
  };
  const options = { clock, windower: session({ gapMs: 100 }) };
  const by = (reading: Reading) => reading.value;
  keyed.window("count", options).count().down.output("o1", see("count"));
  keyed.window("max", options).max(by).down.output("o2", see("max"));
  keyed.window("min", options).min(by).down.output("o3", see("min"));
  keyed.window("collect", options).collect().down.output("o4", see("collect"));
  keyed
    .window("reduce", options)
    .reduce((a, b) => ({ at: b.at, value: a.value + b.value }))
    .down.output("o5", see("reduce"));
  await run(flow);
  expect(results["count"]).toContainEqual(["b", [0, 2]]);
  expect(results["max"]).toContainEqual(["b", [0, { at: 27, value: 6 }]]);
  expect(results["min"]).toContainEqual(["b", [0, { at: 3, value: 2 }]]);
  expect(results["collect"]).toContainEqual([
    "b",
    [
      0,
      [
        { at: 3, value: 2 },
        { at: 27, value: 6 },
      ],
    ],
  ]);
  expect(results["reduce"]).toContainEqual(["b", [0, { at: 27, value: 8 }]]);
});

test("a windowed join pairs the values of a window by side", async () => {
  const [down, late]: [Keyed<unknown>[], Keyed<unknown>[]] = [[], []];
  const flow = new Dataflow("windows");
  const left = flow.input("left", listSource([readings.slice(0, 2)], 1)).asKeyed();
  const right = flow.input("right", listSource([readings.slice(5)], 1)).asKeyed();
  const out = left.window("w", { clock, windower: tumbling({ lengthMs: 100, alignTo: 0 }) }).join([right]);
  out.down.output("down", arraySink(down));
  out.late.output("late", arraySink(late));
  await run(flow, { workers: 2 });
  const values = sorted(down).map(([key, [id, row]]: any) => [key, id, row.map((one: Reading | null) => one && one.value)]);
  // b's right value has the later time; whichever comes first, the other is late or in the same window.
  expect(values).toContainEqual(["a", 0, [1, null]]);
  expect(values.filter(([key]) => key === "b").length).toBe(1);
  expect(values.length).toBe(2);
});

test("open windows survive a crash", async () => {
  const store = new MemoryStore();
  const many = Array.from({ length: 200 }, (_, i) => [`k${i % 3}`, { at: i, value: 1 }] as const);
  const out: Keyed<readonly [number, number]>[] = [];
  const build = () => {
    const flow = new Dataflow("windows");
    flow
      .input("in", listSource([many], 2))
      .asKeyed()
      .window("w", { clock, windower: tumbling({ lengthMs: 50, alignTo: 0 }) })
      .count()
      .down.output("out", arraySink(out));
    return flow;
  };
  await run(build(), { store, workers: 2, crashAfter: 30 });
  await run(build(), { store, workers: 1, crashAfter: 41 });
  await run(build(), { store, workers: 3 });
  // The sink sees at least once: equal rows may repeat, and every row is right.
  const rows = new Map(out.map(([key, [id, count]]) => [`${key} ${id}`, count]));
  expect(rows.size).toBe(12);
  for (const [row, count] of rows)
    expect([row, count]).toEqual([row, many.filter(([key, { at }]) => `${key} ${Math.floor(at / 50)}` === row).length]);
});

test("a system clock's windows close by themselves, by the run's clock", async () => {
  let now = 1_000;
  const down: Keyed<unknown>[] = [];
  const flow = new Dataflow("windows");
  const items = [["k", 0] as const, ...Array.from({ length: 40 }, (_, i) => ["other", i] as const)];
  let closedAfter = -1;
  flow
    .input("in", listSource([items], 1))
    .asKeyed()
    .window("w", { clock: systemClock(), windower: tumbling({ lengthMs: 10, alignTo: 0 }) })
    .count()
    .down.filter("k", ([key]) => key === "k")
    .inspect("see", () => void (closedAfter = now))
    .output("out", arraySink(down));
  await run(flow, { now: () => now, onRound: () => void now++ });
  expect(down).toEqual([["k", [100, 1]]]);
  expect(closedAfter).toBeGreaterThanOrEqual(1_010);
  expect(closedAfter).toBeLessThan(1_020);
});
