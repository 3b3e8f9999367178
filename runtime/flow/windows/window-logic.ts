/** From a window's options to what makes the windows of a key. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import { AlignedKey } from "./aligned-key.ts";
import { type GridWindower, gridOf } from "./grid.ts";
import type { KeyWindows } from "./key-windows.ts";
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
  const grid = (windower as Partial<GridWindower>)[gridOf];
  return (resume, now) => {
    try {
      return grid === undefined ? new WindowerKey(plan, resume, now) : new AlignedKey(plan, grid, resume, now);
    } catch (error) {
      throw atStep(step, error);
    }
  };
}
