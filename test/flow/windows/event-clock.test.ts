import { describe, expect, test } from "vitest";
import { buildReader, type ReadableClock } from "../../../runtime/flow/windows/clock-reader.ts";
import { eventClock } from "../../../runtime/flow/windows/index.ts";

function clockAt(start: number, waitMs: number, resume?: unknown) {
  const system = { time: start };
  const clock = eventClock<number>({ timestamp: (ts) => ts, waitMs, now: () => system.time });
  return { system, logic: clock.build(resume) };
}

describe("eventClock", () => {
  test("starts before all data, whatever the system time", () => {
    const { system, logic } = clockAt(1_000, 0);
    expect(logic.onNotify()).toBe(-Infinity);
    system.time = 9_000;
    expect(logic.onNotify()).toBe(-Infinity);
  });

  test("is waitMs behind the first value", () => {
    const { logic } = clockAt(0, 300);
    logic.beforeBatch();
    expect(logic.onItem(5_000)).toEqual([5_000, 4_700]);
  });

  test("moves on with later values of a batch and does not go back with earlier ones", () => {
    const { logic } = clockAt(0, 10);
    logic.beforeBatch();
    expect(logic.onItem(100)).toEqual([100, 90]);
    expect(logic.onItem(150)).toEqual([150, 140]);
    expect(logic.onItem(120)).toEqual([120, 140]);
  });

  test("moves on with system time while nothing arrives", () => {
    const { system, logic } = clockAt(0, 10);
    logic.beforeBatch();
    logic.onItem(100);
    system.time = 35;
    expect(logic.onNotify()).toBe(125);
  });

  test("reads the system time once for a batch", () => {
    const { system, logic } = clockAt(0, 0);
    logic.beforeBatch();
    logic.onItem(100);
    system.time = 50;
    expect(logic.onItem(90)).toEqual([90, 100]);
    logic.beforeBatch();
    expect(logic.onItem(90)).toEqual([90, 150]);
  });

  test("a value behind the time that has passed does not set the watermark, one ahead of it does", () => {
    const { system, logic } = clockAt(0, 0);
    logic.beforeBatch();
    logic.onItem(100);
    system.time = 40;
    logic.beforeBatch();
    expect(logic.onItem(139)).toEqual([139, 140]);
    expect(logic.onItem(141)).toEqual([141, 141]);
    system.time = 50;
    expect(logic.onNotify()).toBe(151);
  });

  test("slow data in order are never late", () => {
    const { system, logic } = clockAt(0, 0);
    for (let i = 0; i < 20; i++) {
      system.time = i * 1_000;
      logic.beforeBatch();
      const [timestamp, watermark] = logic.onItem(i * 1_000);
      expect(timestamp).toBeGreaterThanOrEqual(watermark);
    }
  });

  test("holds still while the system clock is set back, and goes on when it has caught up", () => {
    const { system, logic } = clockAt(1_000, 0);
    logic.beforeBatch();
    logic.onItem(100);
    system.time = 1_020;
    expect(logic.onNotify()).toBe(120);
    system.time = 400;
    expect(logic.onNotify()).toBe(120);
    logic.beforeBatch();
    expect(logic.onItem(60)).toEqual([60, 120]);
    system.time = 1_025;
    expect(logic.onNotify()).toBe(125);
  });

  test("with an infinite wait stays before all data until the end of input", () => {
    const { system, logic } = clockAt(0, Infinity);
    logic.beforeBatch();
    expect(logic.onItem(100)).toEqual([100, -Infinity]);
    system.time = 1e9;
    expect(logic.onNotify()).toBe(-Infinity);
    expect(logic.toSystem(100)).toBeUndefined();
    expect(logic.onEof()).toBe(Infinity);
  });

  test("the end of input is not kept", () => {
    const { logic } = clockAt(0, 10);
    logic.beforeBatch();
    logic.onItem(100);
    expect(logic.onEof()).toBe(Infinity);
    expect(logic.onNotify()).toBe(90);
    expect(clockAt(0, 10, logic.snapshot()).logic.onNotify()).toBe(90);
  });

  test("resumes at its watermark; the time in which nobody ran does not count", () => {
    const { system, logic } = clockAt(0, 10);
    logic.beforeBatch();
    logic.onItem(100);
    system.time = 5;
    const kept = JSON.parse(JSON.stringify(logic.snapshot())) as unknown;
    const resumed = clockAt(1_000_000, 10, kept);
    expect(resumed.logic.onNotify()).toBe(95);
    resumed.system.time += 7;
    expect(resumed.logic.onNotify()).toBe(102);
  });

  test("a clock without a value yet resumes without one", () => {
    const kept = JSON.parse(JSON.stringify(clockAt(0, 10).logic.snapshot())) as unknown;
    expect(clockAt(0, 10, kept).logic.onNotify()).toBe(-Infinity);
  });

  test("knows the system time at which a timestamp will be passed", () => {
    const { system, logic } = clockAt(2_000, 10);
    expect(logic.toSystem(100)).toBeUndefined();
    logic.beforeBatch();
    logic.onItem(100);
    expect(logic.toSystem(120)).toBe(2_030);
    system.time = 2_030;
    expect(logic.onNotify()).toBe(120);
  });

  test("takes Dates", () => {
    const clock = eventClock<{ at: Date }>({ timestamp: (value) => value.at, waitMs: 1_000, now: () => 0 }).build(undefined);
    clock.beforeBatch();
    expect(clock.onItem({ at: new Date(5_000) })).toEqual([5_000, 4_000]);
  });

  test.each([[NaN], [Infinity], [-Infinity], [new Date("no date")], ["2001-01-01"], [undefined], [null], [12n]])(
    "refuses %s as a timestamp, naming what returned it",
    (bad) => {
      const clock = eventClock<unknown>({ timestamp: () => bad as number, waitMs: 0, now: () => 0 }).build(undefined);
      clock.beforeBatch();
      expect(() => clock.onItem({ id: 7 })).toThrow(
        expect.objectContaining({ code: "WEIR_BAD_RETURN", message: expect.stringMatching(/timestamp\(\).*id: 7/) as string }),
      );
    },
  );

  test.each([[-1], [NaN], ["10"], [undefined]])("refuses a wait of %s", (waitMs) => {
    expect(() => eventClock<number>({ timestamp: (ts) => ts, waitMs: waitMs as number })).toThrow(
      expect.objectContaining({ code: "WEIR_FLOW_OPTION" }),
    );
  });
});

describe("eventClock with a system clock of the user's own", () => {
  test("asks to be woken after what is left by that clock, whatever the run's clock shows", () => {
    const own = { time: 0 };
    const run = { time: 1_000_000 };
    const clock = eventClock<number>({ timestamp: (ts) => ts, waitMs: 0, now: () => own.time }) as ReadableClock<number>;
    const reader = clock[buildReader](undefined, run.time);
    reader.beforeBatch(run.time);
    reader.read(100);
    expect(reader.toSystem(150, run.time)).toBe(1_000_050);
    // It stands still: a run that goes on would otherwise wake the key again and again.
    run.time = 1_000_500;
    expect(reader.toSystem(150, run.time)).toBe(1_000_550);
    own.time = 45;
    expect(reader.toSystem(150, run.time)).toBe(1_000_505);
    own.time = 60;
    expect(reader.toSystem(150, run.time)).toBe(1_000_500);
  });
});
