import { describe, expect, it } from "vitest";
import type { Pod } from "../../../../sandbox/client/index.ts";
import { planStatefulSet, revisionLabel } from "../../../../sandbox/workloads/statefulset/plan.ts";
import type { StatefulSet } from "../../../../sandbox/workloads/types.ts";

type State = "ready" | "unready" | "terminating" | "failed";

const set = (spec: Partial<StatefulSet["spec"]>): StatefulSet => ({
  metadata: { name: "web", namespace: "n" },
  spec: {
    replicas: 3,
    selector: {},
    template: { spec: { containers: [] } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    ...spec,
  },
});
const pod = (index: number, state: State, revision = "new"): Pod => ({
  metadata: {
    name: `web-${index}`,
    namespace: "n",
    labels: { [revisionLabel]: revision },
    ...(state === "terminating" ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
  },
  spec: { containers: [] },
  status: {
    phase: state === "failed" ? "Failed" : "Running",
    conditions: [{ type: "Ready", status: state === "ready" ? "True" : "False", lastTransitionTime: "2026-01-01T00:00:00Z" }],
  },
});
function plan(spec: Partial<StatefulSet["spec"]>, pods: Pod[]): { create: string[]; delete: string[] } {
  const found = planStatefulSet(set(spec), pods, { current: "old", update: "new" }, Date.parse("2026-01-01T00:01:00Z"));
  return {
    create: found.create.map(({ ordinal, revision }) => `${ordinal} ${revision}`),
    delete: found.delete.map(({ metadata }) => metadata.name),
  };
}
const nothing = { create: [], delete: [] };
const parallel = { podManagementPolicy: "Parallel" };
const ready = (count: number, revision = "new"): Pod[] =>
  Array.from({ length: count }, (_, index) => pod(index, "ready", revision));

describe("what to do about a StatefulSet's pods", () => {
  it("in order: makes one at a time, and waits for each", () => {
    expect(plan({}, [])).toEqual({ create: ["0 new"], delete: [] });
    expect(plan({}, [pod(0, "unready")])).toEqual(nothing);
    expect(plan({}, [pod(0, "ready")])).toEqual({ create: ["1 new"], delete: [] });
    expect(plan({ minReadySeconds: 90 }, [pod(0, "ready")])).toEqual(nothing);
  });

  it("in parallel: makes all at once", () => {
    expect(plan(parallel, [pod(1, "unready")])).toEqual({ create: ["0 new", "2 new"], delete: [] });
  });

  it("removes from the last, one at a time in order, all at once in parallel", () => {
    expect(plan({ replicas: 1 }, ready(4))).toEqual({ create: [], delete: ["web-3"] });
    expect(plan({ replicas: 1 }, [...ready(3), pod(3, "terminating")])).toEqual(nothing);
    expect(plan({ ...parallel, replicas: 1 }, ready(4))).toEqual({ create: [], delete: ["web-3", "web-2", "web-1"] });
  });

  it("does not scale down in order while a member that stays is not up", () => {
    expect(plan({ replicas: 1 }, [pod(0, "unready"), pod(1, "ready")])).toEqual(nothing);
  });

  it("makes a failed member again: it has to go first", () => {
    expect(plan({}, [pod(0, "failed"), ...ready(3).slice(1)])).toEqual({ create: [], delete: ["web-0"] });
  });

  it("waits for a terminating member before it makes its successor", () => {
    expect(plan(parallel, [pod(0, "ready"), pod(1, "terminating"), pod(2, "ready")])).toEqual(nothing);
  });

  it.each([{}, parallel])("updates from the last, one at a time (%j)", (policy) => {
    expect(plan(policy, ready(3, "old"))).toEqual({ create: [], delete: ["web-2"] });
    expect(plan(policy, [pod(0, "ready", "old"), pod(1, "ready", "old"), pod(2, "unready")])).toEqual(nothing);
    expect(plan(policy, [pod(0, "ready", "old"), pod(1, "ready", "old"), pod(2, "ready")])).toEqual({
      create: [],
      delete: ["web-1"],
    });
  });

  it("updates as many at a time as may be unavailable", () => {
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 2 } };
    expect(plan({ ...parallel, updateStrategy }, ready(3, "old"))).toEqual({ create: [], delete: ["web-2", "web-1"] });
    expect(plan({ ...parallel, updateStrategy }, [pod(0, "ready", "old"), pod(1, "ready", "old"), pod(2, "unready")])).toEqual({
      create: [],
      delete: ["web-1"],
    });
  });

  it("stops at the partition, and makes members below it as they were", () => {
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 2 } };
    expect(plan({ updateStrategy }, [pod(0, "ready", "old"), pod(1, "ready", "old"), pod(2, "ready")])).toEqual(nothing);
    expect(plan({ ...parallel, updateStrategy }, [])).toEqual({ create: ["0 old", "1 old", "2 new"], delete: [] });
  });

  it("replaces nobody with OnDelete", () => {
    expect(plan({ updateStrategy: { type: "OnDelete" } }, ready(3, "old"))).toEqual(nothing);
  });

  it("starts where it is told to, and leaves names alone that are not its own", () => {
    const stray = { ...pod(7, "ready"), metadata: { ...pod(7, "ready").metadata, name: "web-07" } };
    expect(plan({ ...parallel, ordinals: { start: 5 }, replicas: 2 }, [stray, pod(0, "ready")])).toEqual({
      create: ["5 new", "6 new"],
      delete: ["web-0"],
    });
  });
});
