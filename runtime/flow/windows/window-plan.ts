/**
 * What the keys of a windowed step have in common, and what is kept of each. Keys outlive an execution of their flow, so nothing
 * of the execution is in here: where results go and what time it is are told with each call.
 */
import { isWeirError, withStep } from "../../errors/index.ts";
import type { WindowAggregate } from "./aggregate.ts";
import type { Clock, Windower } from "./types.ts";

export interface WindowPlan<V> {
  /** The id given to `window`, for errors. */
  readonly step: string;
  readonly clock: Clock<any>;
  readonly windower: Windower;
  readonly ordered: boolean;
  readonly aggregate: WindowAggregate<V, any>;
  /** Values are [side, value]; the clock reads the value, and late values come out without their side. */
  readonly sides: boolean;
}

/** [kind of aggregate, clock, windower, window ids, their states, timestamps of waiting values, waiting values] */
export type WindowState = readonly [
  aggregate: string,
  clock: unknown,
  windower: unknown,
  ids: readonly number[],
  states: readonly unknown[],
  times: readonly number[],
  values: readonly unknown[],
];

/** Our own errors of clocks, windowers and aggregates do not know the step yet; a user's error is left to who runs the logic. */
export function atStep(step: string, error: unknown): unknown {
  return isWeirError(error) && error.step === undefined ? withStep(error, step) : error;
}
