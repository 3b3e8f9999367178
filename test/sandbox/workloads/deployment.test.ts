import { describe, expect, it } from "vitest";
import { rolloutStep } from "../../../sandbox/workloads/deployment.ts";
import type { Deployment, ReplicaSet } from "../../../sandbox/workloads/types.ts";

const set = (name: string, replicas: number, availableReplicas = replicas): ReplicaSet => ({
  metadata: { name },
  spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
  status: { replicas, availableReplicas },
});
const deployment = (
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
  type = "RollingUpdate",
): Deployment => ({
  metadata: { name: "d" },
  spec: {
    replicas,
    selector: {},
    template: { spec: { containers: [] } },
    strategy: { type, rollingUpdate: { maxSurge, maxUnavailable } },
  },
});
const step = (of: Deployment, fresh: ReplicaSet, ...old: ReplicaSet[]): Record<string, number> =>
  Object.fromEntries([...rolloutStep(of, fresh, old)].map(([{ metadata }, to]) => [metadata.name, to]));

describe("one step of a rollout", () => {
  it("adds as many as may be too many, and takes none that are needed", () => {
    expect(step(deployment(4, 1, 0), set("new", 0), set("old", 4))).toEqual({ new: 1 });
    expect(step(deployment(4, 1, 0), set("new", 1, 0), set("old", 4))).toEqual({});
    expect(step(deployment(4, 1, 0), set("new", 1), set("old", 4))).toEqual({ old: 3 });
    expect(step(deployment(4, "50%", "25%"), set("new", 0), set("old", 4))).toEqual({ new: 2, old: 3 });
  });

  it("does not spend a status that lags behind its size a second time", () => {
    // The old set was told to go from 3 to 2 and has not counted anew; the new one has one pod that is up and one that is not.
    expect(step(deployment(3, 1, 0), set("new", 2, 1), set("old", 2, 3))).toEqual({});
  });

  it("takes old pods that are not up first", () => {
    expect(step(deployment(2, 1, 0), set("new", 1), set("broken", 1, 0), set("old", 1))).toEqual({ broken: 0 });
  });

  it("always moves, also when both limits round to nothing", () => {
    expect(step(deployment(1, 0, "10%"), set("new", 0), set("old", 1))).toEqual({ old: 0 });
  });

  it("recreates: all old ones go before a new one comes", () => {
    expect(step(deployment(2, 0, 0, "Recreate"), set("new", 0), set("old", 2))).toEqual({ old: 0 });
    expect(step(deployment(2, 0, 0, "Recreate"), set("new", 0), { ...set("old", 0), status: { replicas: 1 } })).toEqual({});
    expect(step(deployment(2, 0, 0, "Recreate"), set("new", 0), set("old", 0))).toEqual({ new: 2 });
  });

  it("ends where it should: repeated steps reach the new size and never go below what must be up", () => {
    const [fresh, old] = [set("new", 0), set("old", 5)];
    const of = deployment(5, 1, 1);
    for (let round = 0; round < 30; round++) {
      for (const [changed, to] of rolloutStep(of, fresh, [old])) changed.spec.replicas = to;
      for (const one of [fresh, old]) one.status = { replicas: one.spec.replicas ?? 0, availableReplicas: one.spec.replicas ?? 0 };
      expect((fresh.spec.replicas ?? 0) + (old.spec.replicas ?? 0)).toBeGreaterThanOrEqual(4);
      expect((fresh.spec.replicas ?? 0) + (old.spec.replicas ?? 0)).toBeLessThanOrEqual(6);
    }
    expect([fresh.spec.replicas, old.spec.replicas]).toEqual([5, 0]);
  });
});
