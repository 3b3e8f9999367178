/**
 * Moments: the order in which a stateful step inside of a loop lives through times.
 *
 * A time there is [epoch, round], or [[epoch, round], inner round] in a loop inside of a loop. Rounds of one epoch may overlap,
 * so a step tells only epochs apart, and, at the end of input, phases: what keys emit in their onEof goes round in rounds of
 * its own, far beyond all others, so that it can be seen when everything before has gone.
 *
 *   round  0 1 2 … | 2^40 2^40+1 … | 2·2^40 …      phase = floor(round / 2^40)
 *   phase  0 data  | 1 of onEof    | 2 of the onEof of keys that phase 1 has made
 *
 * A moment is epoch × 4,096 + phase: one number, and the order of moments is that of times with what is inside left out.
 */
import { WeirError } from "../../errors/index.ts";

type Nested = readonly [outer: number | Nested, inner: number];

const phases = 4_096;
const roundsPerPhase = 2 ** 40;

/** The moment of a time inside of a loop. */
export function momentOf(time: Nested): number {
  let at = time;
  while (typeof at[0] !== "number") at = at[0];
  return at[0] * phases + Math.floor(at[1] / roundsPerPhase);
}

/** The beginning of an epoch. */
export function momentAt(epoch: number): number {
  return epoch * phases;
}
export function epochOf(moment: number): number {
  return Math.floor(moment / phases);
}

/** The phase after this one, of the same epoch. Throws when there are no more: keys that answer each other's end for ever. */
export function nextPhase(moment: number, step: string): number {
  if (moment % phases < phases - 1) return moment + 1;
  throw new WeirError(
    "WEIR_STEP_FAILED",
    `Step "${step}" goes on making keys that emit at the end of input into the loop that made them (${phases - 1} times over)`,
    { step },
  );
}

/** A time at or after `time` that begins the moment; the rounds of loops further inside stay. */
export function delayedTo(time: Nested, moment: number): Nested {
  const [outer, inner] = time;
  if (typeof outer !== "number") return [delayedTo(outer, moment), inner];
  return [epochOf(moment), (moment % phases) * roundsPerPhase];
}

/** The least moment of a frontier; Infinity when it is empty. */
export function leastMoment(frontier: readonly Nested[]): number {
  let least = Infinity;
  for (let i = 0; i < frontier.length; i++) least = Math.min(least, momentOf(frontier[i]!));
  return least;
}
