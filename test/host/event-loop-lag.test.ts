import { setTimeout as sleep } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import { afterEach, expect, test, vi } from "vitest";
import { type EventLoopLag, reportEventLoopLag } from "../../runtime/host/http/event-loop-lag.ts";

let lag: EventLoopLag;
afterEach(() => {
  lag.stop();
  vi.useRealTimers();
});

test("what holds the event loop up shows, once, under the names that Node's metrics have", async () => {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: 2 ** 31 - 1 });
  const usual = register.getMetricsAsArray().map(({ name }) => name);
  lag = reportEventLoopLag(register);
  expect(
    register
      .getMetricsAsArray()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(usual.toSorted());
  const read = async (figure: string): Promise<number> => {
    lag.fill();
    return (await register.getSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`)!.get()).values[0]!.value;
  };
  const until = performance.now() + 300;
  while (performance.now() < until);
  await sleep(1);
  expect(await read("max")).toBeGreaterThan(0.2);
  expect(await read("p99")).toBeGreaterThan(0.2);
  await sleep(1100);
  expect(await read("max")).toBeLessThan(0.2);
  // Nothing was looked at since: what was seen last stands.
  expect(await read("max")).toBeGreaterThan(0);
});

test("an idle loop is seldom looked at, a busy one often, soon after it has become so", () => {
  vi.useFakeTimers();
  let share = 0.5;
  let looks = 0;
  lag = reportEventLoopLag(new Registry(), () => (looks++, share));
  const within = (ms: number): number => {
    looks = 0;
    vi.advanceTimersByTime(ms);
    return looks;
  };
  expect(within(7000)).toBe(100);
  share = 0.01;
  within(2000);
  expect(within(10_000)).toBe(10);
  share = 0.5;
  within(1000);
  expect(within(7000)).toBe(100);
  // Between two pieces of work a busy loop has nothing to do for a while.
  for (let burst = 0; burst < 10; burst++) {
    share = 0.01;
    expect(within(700)).toBe(10);
    share = 0.5;
    expect(within(70)).toBe(1);
  }
});
