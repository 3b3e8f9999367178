/**
 * Path summaries: what at least happens to a time on its way along an edge or a path. A path may leave scopes (drop inner
 * coordinates), advance what is left, and enter scopes (append coordinates):
 *
 *   time   c0 c1 | c2 c3        keep = 2: what is inside of the innermost scope that the whole path stays in
 *   result c0+add0 c1+add1 | tail…
 *
 * Invariant: summaries are monotone and never go back: every `add` is >= 0. They compose to the same form.
 */
import type { NestedTime, Time } from "./time.ts";

export interface PathSummary {
  /** Coordinates of the times that it applies to. */
  readonly from: number;
  readonly keep: number;
  /** One number per kept coordinate, outermost first. */
  readonly add: readonly number[];
  /** Coordinates of the scopes entered. */
  readonly tail: readonly number[];
  /** The whole of it for numbers that stay numbers: time + advance. NaN for any other. */
  readonly advance: number;
  readonly identity: boolean;
}

function summary(from: number, add: readonly number[], tail: readonly number[]): PathSummary {
  const keep = add.length;
  const flat = keep === from && tail.length === 0;
  const identity = flat && add.every((step) => step === 0);
  return { from, keep, add, tail, advance: flat && from === 1 ? add[0]! : Number.NaN, identity };
}

const identities: PathSummary[] = [];
export function identitySummary(coordinates: number): PathSummary {
  return (identities[coordinates] ??= summary(coordinates, Array<number>(coordinates).fill(0), []));
}

/** From a scope into one nested in it. */
export function enterSummary(coordinates: number): PathSummary {
  return summary(coordinates, Array<number>(coordinates).fill(0), [0]);
}

/** From a nested scope to the one around it. */
export function leaveSummary(coordinates: number): PathSummary {
  return summary(coordinates, Array<number>(coordinates - 1).fill(0), []);
}

/** Adds `steps`, one per coordinate, outermost first. */
export function advanceSummary(steps: readonly number[]): PathSummary {
  return summary(steps.length, steps, []);
}

/** First `a`, then `b`. */
export function followedBy(a: PathSummary, b: PathSummary): PathSummary {
  if (a.identity) return b;
  if (b.identity) return a;
  if (b.keep <= a.keep) {
    return summary(
      a.from,
      b.add.map((step, i) => step + a.add[i]!),
      b.tail,
    );
  }
  const add = a.add.map((step, i) => step + b.add[i]!);
  const tail = b.add.slice(a.keep).map((step, i) => step + a.tail[i]!);
  return summary(a.from, add, [...tail, ...b.tail]);
}

/** Whether it strictly advances one of the first `coordinates` coordinates. */
export function advances(path: PathSummary, coordinates: number): boolean {
  for (let i = 0; i < coordinates && i < path.keep; i++) if (path.add[i]! > 0) return true;
  return false;
}

/** The time after the path; undefined when a coordinate would leave the safe integers, where adding no longer advances. */
export function resultsIn(path: PathSummary, time: Time): Time | undefined {
  if (path.identity) return time;
  let result: Time | undefined = time;
  for (let i = path.from; i > path.keep; i--) result = (result as NestedTime)[0];
  result = addSteps(result, path.add, path.keep);
  if (result === undefined) return undefined;
  for (const coordinate of path.tail) result = [result, coordinate] as const;
  return result;
}

function addSteps(time: Time, add: readonly number[], coordinates: number): Time | undefined {
  if (typeof time === "number") {
    const step = add[0]!;
    return step === 0 || time + step <= Number.MAX_SAFE_INTEGER ? time + step : undefined;
  }
  const outer = addSteps(time[0], add, coordinates - 1);
  if (outer === undefined) return undefined;
  const step = add[coordinates - 1]!;
  if (step === 0) return outer === time[0] ? time : [outer, time[1]];
  return time[1] + step <= Number.MAX_SAFE_INTEGER ? [outer, time[1] + step] : undefined;
}
