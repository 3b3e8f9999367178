/**
 * Windows: clocks (how far time has come for a key), windowers (which windows a time belongs to), aggregates (what comes of
 * a window's values), and the logic that knits them into a stateful step. Imports errors and flow's interfaces only; knows
 * nothing of streams: `KeyedStream.window` splits the events into `down`, `late` and `meta`.
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
export { windowLogic, type WindowLogicOptions, type WindowState } from "./window-logic.ts";
