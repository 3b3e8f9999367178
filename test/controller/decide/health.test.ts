import { describe, expect, test } from "vitest";
import { decide, type State } from "../../../controller/decide/index.ts";
import { conditionOf, kinds, later, pod, runningState, start, worker } from "./cases.ts";

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
