/**
 * The life of a Dataflow from the first apply to the last pod, on whatever cluster `start` gives: the sandbox, a real control plane, any
 * KUBECONFIG. The controller is the same program each time, and so are the cases: a difference between two API servers is a defect
 * of the sandbox.
 */
import { describe } from "vitest";
import { autoscalingCases } from "./cases/autoscaling.ts";
import { endCases } from "./cases/end.ts";
import { killCases } from "./cases/kills.ts";
import { refusalCases } from "./cases/refusals.ts";
import { runningCases } from "./cases/running.ts";
import { upgradeCases } from "./cases/upgrades.ts";
import { openSuite } from "./suite.ts";
import type { LifecycleWorld } from "./world.ts";

/** `start` is called once; the world it gives is stopped at the end. */
export function lifecycle(name: string, start: () => Promise<LifecycleWorld>): void {
  describe(`the life of a Dataflow, ${name}`, () => {
    const suite = openSuite(start);
    runningCases(suite);
    refusalCases(suite);
    upgradeCases(suite);
    endCases(suite);
    killCases(suite);
    autoscalingCases(suite);
  });
}
