/** A step that was removed or renamed leaves its state behind; a resume stops there unless that was meant. */
import { WeirError } from "../../errors/index.ts";
import type { DroppedStep, Snapshot } from "../types.ts";

/**
 * @param steps ids of the flow's steps
 * @returns what the snapshots that follow have to carry in `dropped`: the snapshot's own, and the steps that are dropped now
 * @throws WEIR_STATE_DROPPED naming the steps, unless `allowDroppedState`
 */
export function checkSteps(snapshot: Snapshot, steps: Iterable<string>, allowDroppedState: boolean): readonly DroppedStep[] {
  const present = new Set(steps);
  const missing = snapshot.steps.filter((step) => !present.has(step)).toSorted();
  const carried = snapshot.dropped ?? [];
  if (missing.length === 0) return carried;
  if (!allowDroppedState) {
    const [one, ...more] = missing;
    const names = missing.map((step) => `"${step}"`).join(", ");
    throw new WeirError(
      "WEIR_STATE_DROPPED",
      `the snapshot of epoch ${snapshot.epoch} has state of ${more.length === 0 ? "step" : "steps"} ${names}, which the flow does not have`,
      { step: one },
    );
  }
  const { execution, epoch } = snapshot;
  return [...carried.filter((entry) => !missing.includes(entry.step)), ...missing.map((step) => ({ step, execution, epoch }))];
}
