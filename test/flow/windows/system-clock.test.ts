import { describe, expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { buildReader, type ReadableClock } from "../../../runtime/flow/windows/clock-reader.ts";
import { systemClock, tumbling } from "../../../runtime/flow/windows/index.ts";
import { PAUSE, runMain, testSource } from "../../../runtime/testing/index.ts";

test("timestamp and watermark are the system time of the batch", () => {
  let now = 100;
  const clock = systemClock({ now: () => now }).build(undefined);
  clock.beforeBatch();
  now = 150;
  expect(clock.onItem("a")).toEqual([100, 100]);
  clock.beforeBatch();
  expect(clock.onItem("b")).toEqual([150, 150]);
  expect(clock.toSystem(170)).toBe(170);
  now = 170;
  expect(clock.onNotify()).toBe(170);
  expect(clock.onEof()).toBe(Infinity);
});

test("holds still while the system clock is set back, across a resume too", () => {
  let now = 100;
  const clock = systemClock({ now: () => now }).build(undefined);
  now = 40;
  clock.beforeBatch();
  expect(clock.onItem("a")).toEqual([100, 100]);
  const resumed = systemClock({ now: () => now }).build(clock.snapshot());
  expect(resumed.onNotify()).toBe(100);
  now = 101;
  expect(resumed.onNotify()).toBe(101);
});

describe("systemClock with a system clock of the user's own", () => {
  test("asks to be woken after what is left by that clock, whatever the run's clock shows", () => {
    const own = { time: 5 };
    const run = { time: 1_000_000 };
    const clock = systemClock({ now: () => own.time }) as ReadableClock<unknown>;
    const reader = clock[buildReader](undefined, run.time);
    expect(reader.toSystem(150, run.time)).toBe(1_000_145);
    run.time = 1_000_500;
    expect(reader.toSystem(150, run.time)).toBe(1_000_645);
    own.time = 160;
    expect(reader.toSystem(150, run.time)).toBe(1_000_500);
  });

  test("asks for the very time when the clock is the run's", () => {
    const reader = (systemClock() as ReadableClock<unknown>)[buildReader](undefined, 1_000);
    expect(reader.toSystem(1_150, 1_000)).toBe(1_150);
  });

  /** One value, then `silence` milliseconds: what happened, in order. */
  async function oneValue(now: () => number, lengthMs: number, silence: number, alignTo = 0): Promise<string[]> {
    const log: string[] = [];
    const flow = new Dataflow("own-clock");
    flow
      .input("in", testSource(["a", new PAUSE(silence), "b"]))
      .inspect("in-log", (_step, value) => log.push(value))
      .keyBy("key", (value) => value)
      .window("window", { clock: systemClock({ now }), windower: tumbling({ lengthMs, alignTo }) })
      .count()
      .down.inspect("closed", (_step, [key]) => log.push(`closed ${key}`));
    await runMain(flow, { epochMs: 10 });
    return log;
  }

  test("a clock that stands still is not read again and again", async () => {
    let reads = 0;
    const standing = (): number => {
      reads++;
      return 5;
    };
    expect(await oneValue(standing, 60_000, 300)).toEqual(["a", "b", "closed a", "closed b"]);
    expect(reads).toBeLessThan(20);
  });

  test.each([
    ["ahead of", 3_600_000],
    ["behind", -3_600_000],
  ])("windows close in time by a clock that is %s the run's", async (_where, by) => {
    let reads = 0;
    const own = (): number => {
      reads++;
      return Date.now() + by;
    };
    // Windows begin with the flow, so that the first ends within the silence.
    expect(await oneValue(own, 400, 1_500, Date.now() + by)).toEqual(["a", "closed a", "b", "closed b"]);
    expect(reads).toBeLessThan(40);
  });
});
