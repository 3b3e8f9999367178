import { describe, expect, test } from "vitest";
import { decide, runId, type State } from "../../../controller/decide/index.ts";
import {
  changed,
  conditionOf,
  dataflow,
  kinds,
  later,
  pod,
  reasons,
  runningState,
  start,
  state,
  stateful,
  worker,
} from "./cases.ts";

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

describe("a running Dataflow", () => {
  test("with nothing to do is only looked at again", () => {
    const before = runningState();
    const decision = decide(before);
    expect(kinds(decision)).toEqual(["applyRun"]);
    expect(decision.record).toEqual(before.record);
    expect(decision.events).toEqual([]);
    expect(decision.requeueAfter).toBe(2000);
    expect(decision.status).toMatchObject({ phase: "Running", workers: 2, readyWorkers: 2, execution: 3, epoch: 100 });
  });

  test.each([
    ["workers", { workers: 3 }],
    ["autoscaling", { autoscaling: { maxWorkers: 3 } }],
    ["upgrade settings", { upgrade: { allowDroppedState: true } }],
    ["the deletion policy", { deletionPolicy: "Delete" as const }],
  ])("keeps its run when %s change", (_what, spec) => {
    const before = runningState();
    const decision = decide(changed(before, spec));
    expect(runId(decision.record.run!)).toBe(before.statefulSet!.run);
    expect(kinds(decision)).not.toContain("drain");
  });

  test.each([
    ["the image", { image: "x:2" }],
    ["params", { params: { a: "b" } }],
    ["the code's path", { flow: { path: "/app/other.ts" } }],
    ["threads", { threadsPerWorker: 2 }],
    ["the snapshot interval", { recovery: { ...stateful.recovery!, snapshotIntervalSeconds: 3 } }],
    ["the template", { template: { metadata: { labels: { a: "b" } } } }],
    ["the nonce", { restartNonce: 7 }],
  ])("drains and stops for a change of %s", (_what, spec) => {
    const decision = decide(changed(runningState(), spec));
    expect(kinds(decision)).toEqual(["checkRun", "drain", "scale"]);
    expect(decision.record.operation?.attempts).toBe(1);
    expect(conditionOf(decision, "Progressing").status).toBe("True");
  });

  test("upgrades: drain, wait until no pod is left, start, wait until ready", () => {
    let now = changed(runningState(), { image: "x:2" });
    let decision = decide(now);
    expect(decision.status.phase).toBe("Upgrading");
    // The drain was answered and the pods are leaving.
    now = later(now, decision, 500, {
      statefulSet: { ...now.statefulSet!, replicas: 0 },
      pods: [pod(1, now.statefulSet!.run, { deletingSince: start })],
    });
    decision = decide(now);
    expect(kinds(decision)).toEqual([]);
    now = stoppedOf(later(now, decision, 500));
    decision = decide(now);
    expect(decision.actions).toMatchObject([
      { kind: "applyRun", replicas: 2, run: { number: 2, revision: { spec: { image: "x:2" } } } },
    ]);
    const run = runId(decision.record.run!);
    now = later(now, decision, 500, {
      statefulSet: { uid: "s", run, replicas: 2, deleting: false },
      pods: [pod(0, run), pod(1, run)],
      workers: new Map([0, 1].map((index) => [index, worker(index, { execution: 4 })])),
    });
    decision = decide(now);
    expect(decision.status).toMatchObject({ phase: "Running", stableSpecHash: decision.record.run!.revision.hash, execution: 4 });
    expect(decision.record.operation).toBeUndefined();
    expect(reasons(decision)).toEqual(["Upgraded"]);
  });

  test("is stopped by SIGTERM when the drain fails twice or its lead is not at work", () => {
    let now = changed(runningState(), { image: "x:2" });
    let decision = decide(now);
    now = later(now, decision, 1000);
    decision = decide(now);
    expect(kinds(decision)).toEqual(["checkRun", "drain", "scale"]);
    decision = decide(later(now, decision, 1000));
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);

    const loading = new Map([0, 1].map((index) => [index, worker(index, { phase: "loading" })]));
    expect(kinds(decide(changed({ ...runningState(), workers: loading }, { image: "x:2" })))).toEqual(["checkRun", "scale"]);
    const silent = changed(runningState(), { image: "x:2" });
    expect(kinds(decide({ ...silent, workers: new Map() }))).toEqual(["checkRun", "scale"]);
  });

  test("waits for a drain under way, but not for ever", () => {
    let now = changed(runningState(), { image: "x:2" });
    let decision = decide(now);
    const draining = new Map([0, 1].map((index) => [index, worker(index, { phase: "draining" })]));
    now = later(now, decision, 5000, { workers: draining });
    decision = decide(now);
    expect(kinds(decision)).toEqual([]);
    decision = decide(later(now, decision, 60_000));
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);
    expect(reasons(decision)).toContain("DrainTooSlow");
  });

  test("mode Stateless starts in a fresh folder of the store and does not drain", () => {
    const now = changed(runningState(), { image: "x:2", upgrade: { mode: "Stateless" } });
    let decision = decide(now);
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);
    decision = decide(stoppedOf(later(now, decision, 500)));
    expect(decision.actions).toMatchObject([{ run: { revision: { store: "s3://bucket/a/from-2" } } }]);
    expect(decision.record.stores).toEqual(["s3://bucket/a", "s3://bucket/a/from-2"]);
  });

  test("stays in that folder in later upgrades", () => {
    const stateless = changed(runningState(), { image: "x:2", upgrade: { mode: "Stateless" } });
    const decision = decide(stateless);
    const next = decide(changed(later(stateless, decision, 10), { image: "x:3", upgrade: { mode: "Snapshot" } }));
    expect(next.record.run!.revision.store).toBe("s3://bucket/a/from-2");
    const rescaled = decide(changed(later(stateless, decision, 10), { workers: 5 }));
    expect(rescaled.record.stores).toEqual(["s3://bucket/a", "s3://bucket/a/from-2"]);
  });

  test.each([
    ["without recovery", { recovery: undefined }, /would lose the flow's state/],
    ["with another store", { recovery: { store: "s3://other" } }, /where the flow's state is/],
    ["with other partitions", { recovery: { store: "s3://bucket/a", partitions: 4 } }, /partitions: is 128/],
  ])("is not turned into one %s", (_what, spec, message) => {
    const before = runningState();
    const decision = decide(changed(before, spec as object));
    expect(kinds(decision)).toEqual(["applyRun"]);
    expect(runId(decision.record.run!)).toBe(before.statefulSet!.run);
    expect(conditionOf(decision, "Degraded")).toMatchObject({ status: "True", reason: "InvalidSpec" });
    expect(conditionOf(decision, "Degraded").message).toMatch(message);
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

describe("going back", () => {
  const upgrading = (spec: object = {}): State => {
    const now = changed(runningState(), { image: "x:2", upgrade: { progressDeadlineSeconds: 60, ...spec } });
    const stopping = decide(now);
    const starting = stoppedOf(later(now, stopping, 1000));
    const decision = decide(starting);
    const run = runId(decision.record.run!);
    const crashing = { reason: "CrashLoopBackOff", message: "back-off" };
    return later(starting, decision, 1000, {
      statefulSet: { uid: "s", run, replicas: 2, deleting: false },
      pods: [0, 1].map((ordinal) =>
        pod(ordinal, run, { ready: false, waiting: crashing, lastExit: { code: 1, at: start, message: "WEIR_MODULE_BROKEN: no" } }),
      ),
    });
  };

  test("happens when the deadline has passed, to the last stable spec", () => {
    let now = upgrading();
    let decision = decide(now);
    expect(decision.status.phase).toBe("Failed");
    expect(conditionOf(decision, "Ready").message).toContain("WEIR_MODULE_BROKEN: no");
    now = later(now, decision, 60_000);
    decision = decide(now);
    expect(reasons(decision)).toContain("RollingBack");
    expect(decision.record.run!.revision.spec.image).toBe("ghcr.io/weir-dev/weir:0.1.0");
    expect(kinds(decision)).toEqual(["checkRun", "scale"]);
    expect(decision.status.phase).toBe("RollingBack");
    now = stoppedOf(later(now, decision, 1000));
    decision = decide(now);
    expect(decision.actions).toMatchObject([{ kind: "applyRun", run: { number: 3 } }]);
    // The spec that failed is not tried again by itself …
    expect(decide(later(now, decision, 1000)).record.run!.revision.spec.image).toBe("ghcr.io/weir-dev/weir:0.1.0");
    // … but another one is.
    expect(decide(changed(later(now, decision, 1000), { image: "x:3" })).record.run!.revision.spec.image).toBe("x:3");
  });

  test("does not happen when it is not wanted, and the failure is shown", () => {
    const now = upgrading({ rollbackOnFailure: false });
    const decision = decide(later(now, decide(now), 60_000));
    expect(decision.record.run!.revision.spec.image).toBe("x:2");
    expect(decision.status.phase).toBe("Failed");
    expect(kinds(decision)).toEqual(["applyRun"]);
  });

  test("does not happen for a first start: there is nothing to go back to", () => {
    const flow = dataflow({ ...stateful, upgrade: { progressDeadlineSeconds: 10 } });
    const first = decide(state({ dataflow: flow }));
    const run = runId(first.record.run!);
    const decision = decide(
      later(state({ dataflow: flow }), first, 11_000, { statefulSet: { uid: "s", run, replicas: 2, deleting: false } }),
    );
    expect(decision.status.phase).toBe("Failed");
    expect(conditionOf(decision, "Degraded").reason).toBe("ProgressDeadlineExceeded");
    expect(decision.record.run!.number).toBe(1);
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

describe("an unhealthy Dataflow", () => {
  const sick = (pods: State["pods"], workers: State["workers"], seconds: number): State => {
    const before = runningState();
    const lost = decide({ ...before, pods, workers });
    return later({ ...before, pods, workers }, lost, seconds * 1000);
  };
  const run = runningState().statefulSet!.run;

  test("is left to the StatefulSet and the kubelet at first", () => {
    const decision = decide(sick([pod(0, run)], new Map([[0, worker(0)]]), 30));
    expect(kinds(decision)).toEqual(["applyRun"]);
    expect(conditionOf(decision, "Degraded")).toMatchObject({ status: "True", reason: "WorkersLost" });
    expect(conditionOf(decision, "Ready").status).toBe("False");
    expect(decision.status.phase).toBe("Running");
  });

  test("has its silent pods restarted after a while, later and later", () => {
    const pods = [pod(0, run), pod(1, run, { ready: false })];
    const workers = new Map([[0, worker(0)]]);
    let now = sick(pods, workers, 121);
    let decision = decide(now);
    expect(decision.actions).toMatchObject([{ kind: "applyRun" }, { kind: "deletePod", pod: "a-1", uid: "pod-1", force: false }]);
    now = later(now, decision, 121_000);
    decision = decide(now);
    expect(kinds(decision)).toEqual(["applyRun"]);
    decision = decide(later(now, decision, 120_000));
    expect(kinds(decision)).toEqual(["applyRun", "deletePod"]);
  });

  test("that crashes again and again is left to the kubelet's back-off", () => {
    const pods = [pod(0, run, { ready: false, waiting: { reason: "CrashLoopBackOff", message: "" } })];
    expect(kinds(decide(sick(pods, new Map(), 500)))).toEqual(["applyRun"]);
  });

  test("does not restart those that wait for one that the kubelet keeps back", () => {
    const pods = [
      pod(0, run, { ready: false, waiting: { reason: "CrashLoopBackOff", message: "" } }),
      pod(1, run, { ready: false }),
    ];
    expect(kinds(decide(sick(pods, new Map([[1, worker(1, { phase: "loading" })]]), 500)))).toEqual(["applyRun"]);
  });

  test("has pods removed by force that don't end", () => {
    const pods = [pod(0, run), pod(1, run, { ready: false, deletingSince: start - 61_000 })];
    expect(decide({ ...runningState(), pods }).actions).toContainEqual({
      kind: "deletePod",
      pod: "a-1",
      uid: "pod-1",
      force: true,
    });
  });
});

describe("a failing worker", () => {
  test("is shown with its code, step and message", () => {
    const error = { code: "WEIR_STEP_FAILED", message: "x is not a function", step: "split" };
    const before = runningState();
    const decision = decide({ ...before, workers: new Map([...before.workers, [1, worker(1, { phase: "failed", error })]]) });
    expect(decision.status.phase).toBe("Failed");
    expect(conditionOf(decision, "Ready")).toMatchObject({
      status: "False",
      reason: "WeirStepFailed",
      message: 'step "split": x is not a function (process 1)',
    });
    expect(conditionOf(decision, "Degraded")).toMatchObject({ status: "True", reason: "WeirStepFailed" });
  });

  const crashed = (over: object) => {
    const before = runningState();
    const pods = [before.pods[0]!, { ...before.pods[1]!, ready: false, ...over }];
    return decide({ ...before, pods, workers: new Map([[0, worker(0)]]) });
  };

  test("that ended before it could answer is shown with its last words", () => {
    const lastExit = { code: 1, at: start, message: "weir: flow.ts has no flow\n  Export one. (WEIR_MODULE_EXPORT)" };
    const decision = crashed({ restarts: 2, lastExit });
    expect(decision.status.phase).toBe("Failed");
    expect(conditionOf(decision, "Degraded")).toMatchObject({ status: "True", reason: "WeirModuleExport" });
    expect(conditionOf(decision, "Degraded").message).toContain("flow.ts has no flow");
  });

  test("that was killed is only lost", () => {
    const decision = crashed({ restarts: 5, lastExit: { code: 137, at: start, message: "" } });
    expect(decision.status.phase).toBe("Running");
    expect(conditionOf(decision, "Degraded").reason).toBe("WorkersLost");
  });

  test("whose image can't be had is shown with the reason", () => {
    const decision = crashed({ waiting: { reason: "ImagePullBackOff", message: "no such image" } });
    expect(conditionOf(decision, "Ready")).toMatchObject({
      status: "False",
      reason: "ImagePullBackOff",
      message: "pod a-1 does not start: no such image",
    });
  });
});
