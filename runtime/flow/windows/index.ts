/**
 * Windows: clocks (how far time has come for a key), windowers (which windows a time belongs to), aggregates (what comes of
 * a window's values), and what knits them together for a key. Imports errors and flow's interfaces only; knows
 * nothing of streams: a windowed step says where results, late values and metadata go.
 */
export * from "./types.ts";
export { systemClock } from "./system-clock.ts";
export { eventClock } from "./event-clock.ts";
export { tumbling, sliding } from "./aligned.ts";
export { session } from "./session.ts";
export type { WindowAggregate } from "./aggregate.ts";
export { collectWindow, countWindow, foldWindow, reduceWindow } from "./folds.ts";
export { maxWindow, minWindow } from "./extremes.ts";
export { joinWindow, type SideValue } from "./join.ts";
export type { KeyWindows } from "./key-windows.ts";
export { windowLogic } from "./window-logic.ts";
export { atStep, type WindowPlan, type WindowState } from "./window-plan.ts";
