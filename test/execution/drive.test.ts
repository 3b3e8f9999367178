import { afterEach, expect, test, vi } from "vitest";
import { drive, type Driver } from "../../runtime/execution/drive.ts";

let driver: Driver;
afterEach(() => driver.stop());
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("what is active is stepped until it is not, and the event loop has its turn meanwhile", async () => {
  driver = drive();
  let steps = 0;
  const until = performance.now() + 60;
  driver.add({
    step() {
      steps++;
      return performance.now() < until;
    },
    nextTime: () => undefined,
  });
  let turns = 0;
  while (performance.now() < until) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await later(20);
  const before = steps;
  await later(30);
  expect(steps).toBe(before);
  // A turn of the driver lasts about 4 ms.
  expect(turns).toBeGreaterThan(5);
  expect(driver.busySeconds()).toBeGreaterThan(0.04);
  expect(driver.busySeconds()).toBeLessThan(0.15);
});

test("parked, it steps at the time that was asked for, or at once when it is woken", async () => {
  driver = drive();
  const at = Date.now() + 50;
  const step = vi.fn(() => false);
  driver.add({ step, nextTime: () => (Date.now() < at ? at : undefined) });
  await later(20);
  expect(step).toHaveBeenCalledTimes(1);
  await later(50);
  expect(step.mock.calls.length).toBeGreaterThanOrEqual(2);
  const before = step.mock.calls.length;
  driver.wake();
  await later(5);
  expect(step.mock.calls.length).toBe(before + 1);
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
