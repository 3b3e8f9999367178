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
