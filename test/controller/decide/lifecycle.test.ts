import { describe, expect, test } from "vitest";
import { decide, runId, type State } from "../../../controller/decide/index.ts";
import { changed, conditionOf, dataflow, kinds, later, pod, reasons, runningState, state, stateful, worker } from "./cases.ts";

const stoppedOf = (before: State): State => ({
  ...before,
  statefulSet: { ...before.statefulSet!, replicas: 0 },
  pods: [],
  workers: new Map(),
});

describe("a new Dataflow", () => {
  test("gets its finalizer first, then its children", () => {
    const decision = decide(state({ dataflow: dataflow(stateful, { metadata: { finalizers: [] } }) }));
    expect(kinds(decision)).toEqual(["addFinalizer", "applyRun"]);
    expect(decision.actions[1]).toMatchObject({
      replicas: 2,
      processes: 2,
      run: { number: 1, revision: { store: "s3://bucket/a" } },
    });
    expect(decision.status).toMatchObject({ phase: "Starting", workers: 0, readyWorkers: 0, observedGeneration: 1 });
    expect(decision.status.conditions!.map((entry) => entry.type)).toEqual(["Ready", "Progressing", "Degraded", "RecoveryHealthy"]);
  });

  test("starts with the bounds of its autoscaler", () => {
    const decision = decide(state({ dataflow: dataflow({ ...stateful, workers: 9, autoscaling: { maxWorkers: 4 } }) }));
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 4 }]);
    expect(reasons(decision)).toContain("WorkersOutOfBounds");
  });

  test("that is suspended gets no pods", () => {
    const decision = decide(state({ dataflow: dataflow({ ...stateful, state: "Suspended" }) }));
    expect(kinds(decision)).toEqual([]);
    expect(decision.status.phase).toBe("Suspended");
  });

  test("that can't be followed says why and gets nothing", () => {
    const decision = decide(state({ dataflow: dataflow({ flow: {} }) }));
    expect(kinds(decision)).toEqual([]);
    expect(decision.status.phase).toBe("Pending");
    expect(conditionOf(decision, "Ready")).toMatchObject({ status: "False", reason: "InvalidSpec" });
  });

  test("whose store names more processes than it asked for gets them all", () => {
    const first = decide(state({ dataflow: dataflow(stateful) }));
    const run = runId(first.record.run!);
    const seen = {
      statefulSet: { uid: "s", run, replicas: 2, deleting: false },
      pods: [pod(0, run, { ready: false }), pod(1, run, { ready: false })],
      workers: new Map([0, 1].map((index) => [index, worker(index, { phase: "loading", topology: { processes: 5, threads: 1 } })])),
    };
    const decision = decide(later(state({ dataflow: dataflow(stateful) }), first, 1000, seen));
    expect(decision.actions).toMatchObject([{ kind: "applyRun", replicas: 5 }]);
  });

  test("is adopted when its record was lost but its pods run what is wanted", () => {
    const before = runningState();
    const decision = decide({ ...before, record: state({ dataflow: before.dataflow }).record });
    expect(kinds(decision)).toEqual(["applyRun"]);
    expect(runId(decision.record.run!)).toBe(before.statefulSet!.run);
    expect(decision.status.phase).toBe("Running");
  });
});

describe("suspension", () => {
  test("drains, removes the pods, and starts a new run on resume", () => {
    let now = changed(runningState(), { state: "Suspended" });
    let decision = decide(now);
    expect(kinds(decision)).toEqual(["drain", "scale"]);
    now = stoppedOf(later(now, decision, 1000));
    decision = decide(now);
    expect(decision.status).toMatchObject({ phase: "Suspended", workers: 0, readyWorkers: 0 });
    expect(reasons(decision)).toEqual(["Suspended"]);
    const again = decide(later(now, decision, 1000));
    expect([kinds(again), reasons(again), again.record]).toEqual([[], [], decision.record]);
    const resumed = decide(changed(later(now, decision, 1000), { state: "Running" }));
    expect(resumed.actions).toMatchObject([{ kind: "applyRun", replicas: 2, run: { number: 2 } }]);
    expect(resumed.status.phase).toBe("Starting");
  });

  test("of a flow that is being upgraded keeps the upgrade for later", () => {
    let now = changed(runningState(), { state: "Suspended", image: "x:2" });
    let decision = decide(now);
    now = stoppedOf(later(now, decision, 1000));
    decision = decide(now);
    now = changed(later(now, decision, 1000), { state: "Running" });
    decision = decide(now);
    expect(decision.actions).toMatchObject([{ run: { revision: { spec: { image: "x:2" } } } }]);
  });
});

describe("completion", () => {
  const completed = (over: Partial<State> = {}) =>
    runningState(stateful, { workers: new Map([0, 1].map((index) => [index, worker(index, { phase: "completed" })])), ...over });

  test("is when all processes of the topology say so, and the pods go without a drain", () => {
    const decision = decide(completed());
    expect(decision.status.phase).toBe("Completed");
    expect(kinds(decision)).toEqual(["scale"]);
    expect(reasons(decision)).toContain("Completed");
  });

  test("is not before all do", () => {
    const decision = decide(
      completed({
        workers: new Map([
          [0, worker(0, { phase: "completed" })],
          [1, worker(1)],
        ]),
      }),
    );
    expect(decision.status.phase).toBe("Running");
  });

  test("does not ask those that stand by", () => {
    const before = completed();
    const run = before.statefulSet!.run;
    const workers = new Map([...before.workers, [2, worker(2, { phase: "standby" })] as const]);
    expect(decide({ ...before, pods: [...before.pods, pod(2, run)], workers }).status.phase).toBe("Completed");
  });

  test("stays, whatever the number of workers, until the spec changes", () => {
    const first = completed();
    let now = stoppedOf(later(first, decide(first), 1000));
    let decision = decide(changed(now, { workers: 5 }));
    expect([kinds(decision), decision.status.phase]).toEqual([[], "Completed"]);
    now = later(now, decision, 1000);
    decision = decide(changed(now, { params: { again: "yes" } }));
    expect(kinds(decision)).toEqual(["applyRun"]);
  });
});

describe("restoreFrom", () => {
  test("is followed once", () => {
    const before = runningState();
    const now = changed(before, { restoreFrom: { epoch: 42 } });
    let decision = decide(now);
    expect(decision.record.run).toMatchObject({ number: 2, restore: { epoch: 42 } });
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);
    decision = decide(changed(later(now, decision, 1000), { workers: 3 }));
    expect(decision.record.run!.number).toBe(2);
    decision = decide(changed(later(now, decision, 1000), { restoreFrom: { epoch: 43 } }));
    expect(decision.record.run).toMatchObject({ number: 3, restore: { epoch: 43 } });
  });
});
