import { afterEach, expect, test, vi } from "vitest";
import { drive, type Driver } from "../../runtime/execution/drive.ts";

let driver: Driver;
afterEach(() => {
  driver.stop();
  vi.useRealTimers();
});
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("what is active is stepped until it is not, and the event loop has its turn meanwhile", async () => {
  let now = 0;
  driver = drive(() => now);
  let steps = 0;
  let inTurn = 0;
  const turns: number[] = [];
  driver.add({
    step() {
      now++;
      steps++;
      inTurn++;
      return steps < 60;
    },
    nextTime: () => undefined,
  });
  while (steps < 60) {
    await new Promise((resolve) => setImmediate(resolve));
    if (inTurn > 0) turns.push(inTurn);
    inTurn = 0;
    // What the event loop does between two turns is not the driver's time.
    now += 100;
  }
  await later(30);
  expect(steps).toBe(60);
  // Steps of a millisecond each, turns of four.
  expect(turns).toEqual(Array.from({ length: 15 }, () => 4));
  expect(driver.busySeconds()).toBe(0.06);
});

test("who would park lingers first, and what comes then is done in the same turn; waiting is no work", async () => {
  let now = 0;
  driver = drive(() => now);
  const done: string[] = [];
  driver.add({
    step() {
      now += 1;
      done.push("step");
      return done.length === 1;
    },
    linger() {
      now += 0.5;
      done.push("linger");
      return done.length === 3;
    },
    nextTime: () => undefined,
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(["step", "step", "linger", "step", "linger"]);
  expect(driver.busySeconds()).toBe(0.003);
});

test("parked, it steps at the time that was asked for, or at once when it is woken", async () => {
  vi.useFakeTimers();
  driver = drive();
  const at = Date.now() + 50;
  const step = vi.fn(() => false);
  driver.add({ step, nextTime: () => (Date.now() < at ? at : undefined) });
  await vi.advanceTimersByTimeAsync(49);
  expect(step).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(step).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(step).toHaveBeenCalledTimes(2);
  driver.wake();
  await vi.advanceTimersByTimeAsync(1);
  expect(step).toHaveBeenCalledTimes(3);
});

test("a wake that comes during a turn is not lost", async () => {
  driver = drive();
  let steps = 0;
  driver.add({
    step() {
      if (++steps === 1) driver.wake();
      return false;
    },
    nextTime: () => undefined,
  });
  await later(10);
  expect(steps).toBe(2);
});

test("what was removed, or all when it stops, is not stepped again", async () => {
  driver = drive();
  const [one, other] = [vi.fn(() => false), vi.fn(() => false)];
  const remove = driver.add({ step: one, nextTime: () => undefined });
  driver.add({ step: other, nextTime: () => undefined });
  await later(5);
  remove();
  driver.wake();
  await later(5);
  expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 2]);
  driver.stop();
  driver.wake();
  await later(5);
  expect(other).toHaveBeenCalledTimes(2);
});
