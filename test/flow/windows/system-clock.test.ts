import { expect, test } from "vitest";
import { systemClock } from "../../../runtime/flow/windows/index.ts";

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
