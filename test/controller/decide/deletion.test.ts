import { describe, expect, test } from "vitest";
import { finalizer, type DataflowSpec } from "../../../controller/api/index.ts";
import { decide, emptyRecord, type State } from "../../../controller/decide/index.ts";
import { kinds, later, reasons, runningState, start, state, dataflow, stateful } from "./cases.ts";

const deleted = (spec: DataflowSpec, over: Partial<State> = {}): State => {
  const before = runningState(spec);
  return {
    ...before,
    dataflow: { ...before.dataflow, metadata: { ...before.dataflow.metadata, deletionTimestamp: new Date(start).toISOString() } },
    ...over,
  };
};
const gone: Partial<State> = { statefulSet: undefined, pods: [], workers: new Map() };

describe("with Retain", () => {
  test("the pods leave with a snapshot, then the finalizer goes", () => {
    let now = deleted(stateful);
    let decision = decide(now);
    expect(kinds(decision)).toEqual(["drain", "scale"]);
    expect(decision.status.phase).toBe("Deleting");
    now = later(now, decision, 1000, gone);
    decision = decide(now);
    expect(kinds(decision)).toEqual(["removeFinalizer"]);
  });

  test("pods that don't end don't hold it for ever", () => {
    const now = deleted(stateful);
    const decision = decide(later(now, decide(now), 181_000));
    expect(kinds(decision)).toContain("removeFinalizer");
    expect(reasons(decision)).toContain("PodsNotGone");
  });
});

describe("with Delete", () => {
  const spec: DataflowSpec = { ...stateful, deletionPolicy: "Delete" };

  test("the state goes after the pods, and the finalizer after the state", () => {
    let now = deleted(spec);
    let decision = decide(now);
    expect(kinds(decision)).toEqual(["scale"]);
    now = later(now, decision, 1000, gone);
    decision = decide(now);
    expect(decision.actions).toMatchObject([{ kind: "startCleanup", stores: ["s3://bucket/a"] }]);
    now = later(now, decision, 1000, { ...gone, cleanup: { phase: "running", message: "" } });
    decision = decide(now);
    expect(kinds(decision)).toEqual([]);
    decision = decide(later(now, decision, 1000, { cleanup: { phase: "succeeded", message: "" } }));
    expect(kinds(decision)).toEqual(["deleteCleanup", "removeFinalizer"]);
    expect(reasons(decision)).toContain("StateDeleted");
  });

  test.each(["running", "absent"] as const)("a clean-up that stays %s is given up in the end, and it is said", (phase) => {
    let now = later(deleted(spec), decide(deleted(spec)), 1000, gone);
    let decision = decide(now);
    for (let minute = 0; minute < 10 && !kinds(decision).includes("removeFinalizer"); minute++) {
      now = later(now, decision, 60_000, { cleanup: { phase, message: "no credentials" } });
      decision = decide(now);
    }
    expect(kinds(decision)).toContain("removeFinalizer");
    expect(decision.events.at(-1)).toMatchObject({ type: "Warning", reason: "StateNotDeleted" });
    expect(decision.events.at(-1)!.message).toContain("s3://bucket/a must be deleted by hand");
  });

  test("a clean-up that fails is tried three times", () => {
    let now = later(deleted(spec), decide(deleted(spec)), 1000, gone);
    let tries = 0;
    for (let step = 0; step < 40; step++) {
      const decision = decide(now);
      if (kinds(decision).includes("startCleanup")) tries++;
      if (kinds(decision).includes("removeFinalizer")) break;
      const phase = kinds(decision).includes("startCleanup")
        ? "failed"
        : kinds(decision).includes("deleteCleanup")
          ? "absent"
          : now.cleanup.phase;
      now = later(now, decision, 5000, { cleanup: { phase, message: "denied" } });
    }
    expect(tries).toBe(3);
  });

  test("state whose record went before it is named to whoever must delete it", () => {
    const now = deleted(spec, { ...gone, record: emptyRecord });
    const decision = decide(now);
    expect(kinds(decision)).toEqual(["removeFinalizer"]);
    expect(decision.events.at(-1)).toMatchObject({ reason: "StateNotDeleted" });
    expect(decision.events.at(-1)!.message).toContain("s3://bucket/a must be deleted by hand");
  });

  test("a flow that never had a store has nothing to delete", () => {
    const now = deleted({ flow: { path: "/app/flow.ts" }, deletionPolicy: "Delete" });
    expect(kinds(decide(later(now, decide(now), 1000, gone)))).toEqual(["removeFinalizer"]);
  });
});

test("what never ran and can't be followed goes at once", () => {
  const flow = dataflow({ flow: {} }, { metadata: { deletionTimestamp: new Date(start).toISOString() } });
  expect(kinds(decide(state({ dataflow: flow })))).toEqual(["removeFinalizer"]);
});

test("without our finalizer nothing is done any more", () => {
  const now = deleted(stateful);
  const decision = decide({ ...now, dataflow: { ...now.dataflow, metadata: { ...now.dataflow.metadata, finalizers: ["other"] } } });
  expect([decision.actions, decision.events]).toEqual([[], []]);
  expect(finalizer).toBe("weir.dev/state");
});
