/**
 * A step that was removed or renamed leaves its state behind; a resume stops there unless that was meant. So it does for a sink that
 * is gone and has prepared something: whether that was made visible before the last end is known to the sink alone.
 */
import { WeirError } from "../../errors/index.ts";
import type { DroppedStep, Snapshot } from "../types.ts";

/**
 * @param steps ids of the flow's steps
 * @returns what the snapshots that follow have to carry in `dropped`: the snapshot's own, and the steps that are dropped now
 * @throws WEIR_STATE_DROPPED naming the steps, unless `allowDroppedState`
 */
export function checkSteps(snapshot: Snapshot, steps: Iterable<string>, allowDroppedState: boolean): readonly DroppedStep[] {
  const present = new Set(steps);
  const prepared = (snapshot.prepared ?? []).map((entry) => (entry as readonly [step: string, value: unknown])[0]);
  const missing = [...new Set([...snapshot.steps, ...prepared])].filter((step) => !present.has(step)).toSorted();
  const carried = snapshot.dropped ?? [];
  if (missing.length === 0) return carried;
  if (!allowDroppedState) {
    const [one, ...more] = missing;
    const names = missing.map((step) => `"${step}"`).join(", ");
    throw new WeirError(
      "WEIR_STATE_DROPPED",
      `the snapshot of epoch ${snapshot.epoch} has state or output of ${more.length === 0 ? "step" : "steps"} ${names}, which the flow does not have`,
      { step: one },
    );
  }
  const { execution, epoch } = snapshot;
  return [...carried.filter((entry) => !missing.includes(entry.step)), ...missing.map((step) => ({ step, execution, epoch }))];
}
