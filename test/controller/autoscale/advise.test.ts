import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advise, noMemory, type Sample } from "../../../controller/autoscale/index.ts";
import { simulate, standardPolicy } from "./simulation.ts";

describe("under a load that two workers can't carry", () => {
  test("goes to the number that carries it in one step, and works the backlog off", () => {
    const { changes, workers, lag } = simulate({ arrival: () => 3500, perWorker: () => 1000, workers: 2, seconds: 600 });
    expect(changes[0]).toMatchObject({ from: 2, reason: "LagTooHigh" });
    expect(changes[0]!.at).toBeLessThan(20);
    // Demand is 3,500 records/s and the backlog of half a minute, at 800 useful records/s per worker.
    expect(changes[0]!.to).toBeGreaterThanOrEqual(5);
    expect(workers).toBe(5);
    expect(lag).toBeLessThan(4000);
    expect(changes.length).toBeLessThanOrEqual(2);
  });

  test("with a short interval decides in seconds", () => {
    const policy = { ...standardPolicy, intervalMs: 2000, maxWorkers: 4, catchUpSeconds: 10, scaleDownWindowMs: 60_000 };
    const { changes } = simulate({ arrival: () => 9000, perWorker: () => 1000, workers: 2, seconds: 30 }, policy);
    expect(changes[0]).toMatchObject({ from: 2, to: 4 });
    expect(changes[0]!.at).toBeLessThan(6);
    expect(changes).toHaveLength(1);
  });

  test("is not misled by workers that look idle while they wait for input", () => {
    const { changes, workers } = simulate({
      arrival: () => 3500,
      perWorker: () => 1000,
      reported: (busy) => busy * 0.2,
      workers: 2,
      seconds: 900,
    });
    expect(changes[0]).toMatchObject({ from: 2, reason: "LagTooHigh" });
    expect(workers).toBeGreaterThanOrEqual(4);
  });

  test("stays within the most workers, and does not shrink while it drains", () => {
    const { changes, workers } = simulate({
      arrival: (second) => (second < 300 ? 30_000 : 0),
      perWorker: () => 1000,
      workers: 2,
      seconds: 900,
    });
    expect(changes.map((change) => change.to)).toEqual([10]);
    expect(workers).toBe(10);
  });
});

describe("under a load that falls", () => {
  test("shrinks only after the window, to the highest recommendation in it", () => {
    const { changes, workers } = simulate({
      arrival: (second) => (second < 100 ? 4000 : 900),
      perWorker: () => 1000,
      workers: 5,
      seconds: 900,
    });
    // The windows that still see some of the higher load recommend three; the last step waits for them to pass.
    expect(changes.map((change) => change.reason)).toEqual(changes.map(() => "UtilizationTooLow"));
    expect(changes.length).toBeLessThanOrEqual(2);
    expect(changes[0]!.at).toBeGreaterThan(100 + 270);
    expect(workers).toBe(2);
  });

  test("does not shrink for a pause shorter than the window", () => {
    const { changes } = simulate({
      arrival: (second) => (Math.floor(second / 120) % 2 === 0 ? 3800 : 400),
      perWorker: () => 1000,
      workers: 5,
      seconds: 2400,
    });
    expect(changes).toEqual([]);
  });

  test("does not shrink before a whole window was seen", () => {
    expect(simulate({ arrival: () => 400, perWorker: () => 1000, workers: 5, seconds: 250 }).changes).toEqual([]);
  });

  test("does not shrink while a backlog is left, however much time there is for it", () => {
    const policy = { ...standardPolicy, catchUpSeconds: 36_000 };
    const { changes } = simulate({ arrival: () => 0, perWorker: () => 1000, workers: 5, lag: 5_000_000, seconds: 970 }, policy);
    expect(changes).toEqual([]);
  });

  test("goes to the least when nothing arrives", () => {
    const { workers } = simulate(
      { arrival: () => 0, perWorker: () => 1000, workers: 5, seconds: 700 },
      { ...standardPolicy, minWorkers: 2 },
    );
    expect(workers).toBe(2);
  });
});

test("utilization above the target grows only when it lasts", () => {
  const brief = simulate({
    arrival: (second) => (second % 100 < 15 ? 1900 : 1500),
    perWorker: () => 1000,
    workers: 2,
    seconds: 600,
  });
  expect(brief.changes).toEqual([]);
  const lasting = simulate({ arrival: () => 1900, perWorker: () => 1000, workers: 2, seconds: 200 });
  expect(lasting.changes).toMatchObject([{ from: 2, to: 3, reason: "UtilizationTooHigh" }]);
});

test("growth that brings nothing is said once and not repeated", () => {
  const { changes, ineffective } = simulate({
    arrival: () => 5000,
    perWorker: (workers) => 2000 / workers,
    workers: 2,
    seconds: 300,
  });
  expect(changes).toHaveLength(1);
  expect(ineffective).toBe(1);
});

test("a bounded replay grows while records are due, and is left alone at its end", () => {
  const policy = { ...standardPolicy, intervalMs: 2000, catchUpSeconds: 10, maxWorkers: 4, scaleDownWindowMs: 30_000 };
  const { changes } = simulate(
    { arrival: (second) => (second < 25 ? 6000 : 0), perWorker: () => 2000, workers: 2, seconds: 40 },
    policy,
  );
  expect(changes.map(({ from, to }) => [from, to])).toEqual([[2, 4]]);
});

describe("bounds", () => {
  const sample = (at: number, over: Partial<Sample> = {}): Sample => ({
    at,
    execution: 1,
    workers: 2,
    recordsIn: at,
    busy: 1,
    lag: 1_000_000,
    ...over,
  });
  const run = (policy: Partial<typeof standardPolicy>) => {
    const all = { ...standardPolicy, ...policy };
    const first = advise(all, noMemory, sample(100_000), 2, 100_000);
    return advise(all, first.memory, sample(130_000), 2, 130_000);
  };

  test("partitions and source parts limit growth", () => {
    expect(run({}).workers).toBe(10);
    expect(run({ partitionLimit: 3 }).workers).toBe(3);
    expect(run({ sourcePartLimit: 4 }).workers).toBe(4);
    expect(run({ sourcePartLimit: 1 }).workers).toBe(2);
  });

  test("a number outside the bounds is corrected at once, even with nothing measured", () => {
    expect(advise({ ...standardPolicy, minWorkers: 3 }, noMemory, undefined, 2, 0)).toMatchObject({
      workers: 3,
      reason: "OutOfBounds",
    });
    expect(advise({ ...standardPolicy, maxWorkers: 1 }, noMemory, sample(1), 2, 1)).toMatchObject({
      workers: 1,
      reason: "OutOfBounds",
    });
  });

  test("more lag than maxLag adds a worker even when it would be worked off in time", () => {
    const light = { lag: 4500, busy: 0.5 };
    const advised = (maxLag: number | undefined) => {
      const policy = { ...standardPolicy, maxLag, catchUpSeconds: 3600 };
      const first = advise(policy, noMemory, sample(100_000, { ...light, recordsIn: 0 }), 2, 100_000);
      return advise(policy, first.memory, sample(130_000, { ...light, recordsIn: 30_000 }), 2, 130_000).workers;
    };
    expect([advised(undefined), advised(5000), advised(4000)]).toEqual([2, 2, 3]);
  });

  test("nothing is learnt from before a rescale", () => {
    const first = advise(standardPolicy, noMemory, sample(100_000, { recordsIn: 1 }), 2, 100_000);
    const second = advise(standardPolicy, first.memory, sample(130_000, { execution: 2, recordsIn: 90_000_000 }), 2, 130_000);
    expect(second.workers).toBe(2);
    expect(second.memory.samples).toHaveLength(1);
  });
});

describe("for any constant load", () => {
  const load = fc.record({
    arrival: fc.integer({ min: 0, max: 9000 }),
    perWorker: fc.integer({ min: 200, max: 3000 }),
    workers: fc.integer({ min: 1, max: 10 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });
  const random = (seed: number) => {
    let state = seed;
    return () => {
      state = (state * 48_271) % 2_147_483_647;
      return (2 * state) / 2_147_483_647 - 1;
    };
  };

  test("it settles: no flapping, with noise in the readings", () => {
    fc.assert(
      fc.property(load, ({ arrival, perWorker, workers, seed }) => {
        const { changes } = simulate({
          arrival: () => arrival,
          perWorker: () => perWorker,
          workers,
          seconds: 3000,
          noise: random(seed),
        });
        const late = changes.filter((change) => change.at > 1500);
        // Once a number was left in one direction it is not left in the other and taken up again.
        const turns = changes.filter(
          (change, i) => i > 0 && Math.sign(change.to - change.from) !== Math.sign(changes[i - 1]!.to - changes[i - 1]!.from),
        );
        // On the very border of two numbers noise may delay the last step down; it is never taken back.
        expect(late.length, JSON.stringify(changes)).toBeLessThanOrEqual(1);
        expect(late.every((change) => change.to < change.from)).toBe(true);
        expect(turns.length, JSON.stringify(changes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });

  test("what it settles on carries the load, if the bounds allow it", () => {
    fc.assert(
      fc.property(load, ({ arrival, perWorker, workers }) => {
        const end = simulate({ arrival: () => arrival, perWorker: () => perWorker, workers, seconds: 3000 });
        if (arrival <= 10 * perWorker * 0.8) {
          expect(end.workers * perWorker).toBeGreaterThanOrEqual(arrival);
          expect(end.lag).toBeLessThanOrEqual(arrival * 5 + 1);
        } else expect(end.workers).toBe(10);
      }),
      { numRuns: 150 },
    );
  });
});

test("more lag never gets fewer workers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2_000_000 }),
      fc.integer({ min: 0, max: 2_000_000 }),
      fc.integer({ min: 1, max: 50_000 }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (a, b, records, busy) => {
        const advised = (lag: number) => {
          const at = (time: number, recordsIn: number): Sample => ({ at: time, execution: 1, workers: 4, recordsIn, busy, lag });
          const first = advise(standardPolicy, noMemory, at(0, 0), 4, 1e6);
          return advise(standardPolicy, first.memory, at(15_000, records), 4, 1e6 + 15_000).workers;
        };
        expect(advised(Math.max(a, b))).toBeGreaterThanOrEqual(advised(Math.min(a, b)));
      },
    ),
    { numRuns: 500 },
  );
});
