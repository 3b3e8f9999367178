import { describe, expect, test } from "vitest";
import { decide, type State } from "../../../controller/decide/index.ts";
import { changed, conditionOf, kinds, later, pod, reasons, runningState, start, stateful, worker } from "./cases.ts";

const withPods = (before: State, count: number, topology: number, phase: "standby" | "loading" = "standby"): Partial<State> => {
  const run = before.statefulSet!.run;
  return {
    statefulSet: { ...before.statefulSet!, replicas: count },
    pods: Array.from({ length: count }, (_, ordinal) => pod(ordinal, run)),
    workers: new Map(
      Array.from({ length: count }, (_, index) => [
        index,
        worker(index, { topology: { processes: topology, threads: 1 }, ...(index >= topology ? { phase } : {}) }),
      ]),
    ),
  };
};

describe("growing", () => {
  test("adds pods, waits until they stand by, asks process 0, and is done when all are ready", () => {
    let now = changed(runningState(), { workers: 4 });
    let decision = decide(now);
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 4, processes: 2 }]);
    expect(decision.status).toMatchObject({ phase: "Rescaling", workers: 2 });

    now = later(now, decision, 500, withPods(now, 4, 2, "loading"));
    decision = decide(now);
    expect(kinds(decision)).toEqual(["applyRun"]);
    expect(conditionOf(decision, "Progressing")).toMatchObject({ status: "True", reason: "WaitingForPods" });
    expect(conditionOf(decision, "Ready").status).toBe("True");

    now = later(now, decision, 500, withPods(now, 4, 2));
    decision = decide(now);
    expect(decision.actions).toMatchObject([
      { kind: "rescale", pod: "a-0", processes: 4 },
      { kind: "applyRun", replicas: 4 },
    ]);

    const told = { from: 2, to: 4, time: new Date(start + 1500).toISOString(), stallMilliseconds: 640.4 };
    const done = withPods(now, 4, 4);
    now = later(now, decision, 1000, {
      ...done,
      workers: new Map([...done.workers!].map(([index, status]) => [index, { ...status, execution: 4, lastRescale: told }])),
    });
    decision = decide(now);
    expect(decision.status).toMatchObject({
      phase: "Running",
      workers: 4,
      readyWorkers: 4,
      lastRescale: { from: 2, to: 4, reason: "SpecChanged", stallMilliseconds: 640 },
    });
    expect(decision.record).toMatchObject({ operation: undefined, processes: 4 });
    expect(reasons(decision)).toEqual(["Rescaled"]);
  });

  test("never changes the template", () => {
    const before = runningState();
    const decision = decide(changed(before, { workers: 4 }));
    expect(decision.actions).toMatchObject([{ run: before.record.run }]);
  });

  test("asks again, later and later, after a refusal, and gives up for a while in the end", () => {
    let now = changed(runningState(), { workers: 3 });
    now = later(now, decide(now), 10, withPods(now, 3, 2));
    const asked: number[] = [];
    for (let second = 0; second < 200 && asked.length < 20; second++) {
      const decision = decide(now);
      if (kinds(decision).includes("rescale")) asked.push(second);
      if (reasons(decision).includes("RescaleFailed")) {
        expect(asked).toEqual([0, 1, 3, 7, 15, 31]);
        const after = decide(later(now, decision, 1000));
        expect(after.actions).toMatchObject([{ kind: "applyRun", replicas: 2 }]);
        return;
      }
      now = later(now, decision, 1000);
    }
    expect.unreachable("it was never given up");
  });

  test("follows a target that changes meanwhile", () => {
    let now = changed(runningState(), { workers: 5 });
    now = later(now, decide(now), 500, withPods(now, 5, 2, "loading"));
    const decision = decide(changed(now, { workers: 3 }));
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 3 }]);
    expect(decision.record.operation).toMatchObject({ from: 2, to: 3 });
  });

  test("waits while a worker is away, and keeps the new pods", () => {
    let now = changed(runningState(), { workers: 4 });
    now = later(now, decide(now), 500, withPods(now, 4, 2));
    const workers = new Map(now.workers);
    workers.delete(0);
    const decision = decide({ ...now, workers });
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 4 }]);
  });

  test("does not begin while the flow is not ready", () => {
    const before = runningState();
    const decision = decide(changed({ ...before, workers: new Map([[0, worker(0)]]) }, { workers: 4 }));
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 2 }]);
    expect(decision.record.operation).toBeUndefined();
  });
});

describe("shrinking", () => {
  test("moves the state first and removes pods afterwards", () => {
    let now = changed(runningState({ ...stateful, workers: 4 }), { workers: 1 });
    let decision = decide(now);
    expect(decision.actions).toMatchObject([
      { kind: "rescale", processes: 1 },
      { kind: "applyRun", replicas: 4 },
    ]);
    now = later(now, decision, 1000, withPods(now, 4, 1));
    decision = decide(now);
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 1 }]);
    expect(decision.status).toMatchObject({ workers: 1, lastRescale: { from: 4, to: 1 } });
  });
});

describe("without recovery", () => {
  const stateless = { flow: { path: "/app/flow.ts" }, workers: 2 };

  test("another number is another run", () => {
    const now = changed(runningState(stateless), { workers: 3 });
    const decision = decide(now);
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);
    expect(decision.record).toMatchObject({ processes: 3, run: { number: 2 }, operation: { kind: "Rescale", from: 2, to: 3 } });
  });
});

describe("the autoscaler's number", () => {
  const autoscaled = { ...stateful, autoscaling: { minWorkers: 1, maxWorkers: 6, intervalSeconds: 5, catchUpSeconds: 10 } };
  const loaded = (before: State, at: number, recordsIn: number, lag: number): Partial<State> => ({
    now: start + at,
    workers: new Map(
      [...before.workers].map(([index, status]) => [
        index,
        {
          ...status,
          busy: 1,
          steps: [{ step: "in", kind: "input", upstream: [], recordsIn, recordsOut: recordsIn, busySeconds: 1 }],
          sources: [
            { step: "in", part: String(index), lag: lag / 2 },
            ...[2, 3, 4, 5].map((part) => ({ step: "in", part: String(part), lag: 0 })),
          ],
        },
      ]),
    ),
  });

  test("is followed like one from the spec, and says why", () => {
    let now = runningState(autoscaled);
    let decision = decide({ ...now, ...loaded(now, 0, 0, 0) });
    for (const second of [2, 4, 6]) {
      now = later(now, decision, 0, loaded(now, second * 1000, second * 1000, second * 100_000));
      decision = decide(now);
    }
    expect(reasons(decision)).toEqual(["ScalingDecided", "Rescaling"]);
    expect(decision.record).toMatchObject({ target: 6, targetReason: "LagTooHigh" });
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 6 }]);
    expect(decision.status.rates).toMatchObject({ utilizationPercent: 100, lag: 600_000, recordsInPerSecond: 2000 });
  });

  test("is not undone by the spec's, unless that changes", () => {
    const before = runningState(autoscaled);
    const grown = { ...before, record: { ...before.record, target: 4, processes: 4 }, ...withPods(before, 4, 4) };
    expect(decide(changed(grown, { restartNonce: undefined })).record.target).toBe(4);
    expect(decide(changed(grown, { workers: 3 })).record.target).toBe(3);
    expect(decide(changed(grown, { autoscaling: { ...autoscaled.autoscaling, enabled: false } })).record.target).toBe(4);
    expect(decide(changed(grown, { autoscaling: { ...autoscaled.autoscaling, maxWorkers: 3 } })).record.target).toBe(3);
    expect(decide(changed(grown, { autoscaling: undefined })).record.target).toBe(2);
  });
});
