/** From a window's options to what makes the windows of a key. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import { gridOf } from "./grid.ts";
import type { KeyWindows } from "./key-windows.ts";
import { SlidingKey } from "./sliding-key.ts";
import { TumblingKey } from "./tumbling-key.ts";
import { type WindowPlan, type WindowState, atStep } from "./window-plan.ts";
import { WindowerKey } from "./windower-key.ts";

/** Makes a key's windows, anew or from what was kept. Throws WEIR_FLOW_OPTION at once when clock or windower is none, and WeirErrors with the step, or the user's own as thrown, when a key is made. */
export function windowLogic<V>(plan: WindowPlan<V>): (resume: WindowState | undefined, now: number) => KeyWindows<V> {
  const { step, clock, windower } = plan;
  if (typeof clock?.build !== "function" || typeof windower?.build !== "function") {
    const wrong =
      typeof clock?.build === "function"
        ? `windower must be a Windower, not ${show(windower)}`
        : `clock must be a Clock, not ${show(clock)}`;
    throw new WeirError("WEIR_FLOW_OPTION", `Step "${step}": ${wrong}`, { step });
  }
  const grid = gridOf(windower);
  const make = (resume: WindowState | undefined, now: number): KeyWindows<V> => {
    if (grid === undefined) return new WindowerKey(plan, resume, now);
    return grid.length === grid.offset ? new TumblingKey(plan, grid, resume, now) : new SlidingKey(plan, grid, resume, now);
  };
  return (resume, now) => {
    try {
      return make(resume, now);
    } catch (error) {
      throw atStep(step, error);
    }
  };
}
