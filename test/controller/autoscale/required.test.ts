import { describe, expect, test } from "vitest";
import { measure, requiredWorkers, type Sample } from "../../../controller/autoscale/index.ts";

const samples = (options: { seconds: number; workers: number; rate: number; busy: number; lag: [number, number] }): Sample[] =>
  [0, 1].map((end) => ({
    at: end * options.seconds * 1000,
    execution: 1,
    workers: options.workers,
    recordsIn: end * options.seconds * options.rate,
    busy: options.busy,
    lag: options.lag[end as 0 | 1],
  }));

describe("a window of samples", () => {
  test("gives rates, arrival and the true rate of a worker", () => {
    const measured = measure(samples({ seconds: 10, workers: 2, rate: 1000, busy: 0.5, lag: [0, 2000] }))!;
    expect(measured).toMatchObject({
      rate: 1000,
      arrival: 1200,
      lag: 2000,
      lagGrowth: 200,
      trueRate: 1000,
      utilization: 0.5,
      saturated: false,
    });
  });

  test("needs two samples some time apart", () => {
    expect(measure([])).toBeUndefined();
    expect(measure(samples({ seconds: 0, workers: 1, rate: 1, busy: 1, lag: [0, 0] }))).toBeUndefined();
  });

  test("believes the rate that was seen when data always waited", () => {
    expect(measure(samples({ seconds: 10, workers: 2, rate: 1000, busy: 0.1, lag: [50_000, 50_000] }))!.trueRate).toBe(500);
    expect(measure(samples({ seconds: 10, workers: 2, rate: 1000, busy: 0.1, lag: [0, 50_000] }))!.trueRate).toBe(5000);
  });
});

describe("the number of workers", () => {
  // [what, workers, rate, busy, lag before, lag after, target utilization, catch-up seconds, expected]
  const cases: [string, number, number, number, number, number, number, number, number][] = [
    ["as many as the target needs", 2, 1600, 1, 0, 0, 0.8, 60, 3],
    ["exactly at the target: no more", 4, 3200, 0.8, 0, 0, 0.8, 60, 4],
    ["a backlog of 60,000 at 10,000/s by 2 workers, away in 3 s beside what arrives", 2, 10_000, 1, 60_000, 60_000, 1, 3, 6],
    ["nothing arrives, nothing waits", 5, 0, 0, 0, 0, 0.8, 60, 1],
    ["nothing is read though data waits: capacity unknown", 5, 0, 0, 1000, 1000, 0.8, 60, 5],
    ["mostly idle", 10, 1000, 0.05, 0, 0, 0.8, 60, 1],
    ["a target of 70% asks for more than one of 90%", 10, 7000, 0.7, 0, 0, 0.7, 60, 10],
    ["… and 90% for fewer", 10, 7000, 0.7, 0, 0, 0.9, 60, 8],
  ];
  test.each(cases)("%s", (_what, workers, rate, busy, before, after, target, catchUp, expected) => {
    expect(requiredWorkers(measure(samples({ seconds: 30, workers, rate, busy, lag: [before, after] }))!, target, catchUp)).toBe(
      expected,
    );
  });
});
