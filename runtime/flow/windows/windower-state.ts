/**
 * What the windowers of this folder keep of a key: their kind and parameters first, so that a resume with others is refused
 * instead of putting values into windows that mean something else.
 *
 *   ["aligned", lengthMs, offsetMs, alignTo, ids of open windows]
 *   ["session", gapMs, next id, [[id, openTime, closeTime, mergedIds], …]]
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";

export type AlignedState = readonly [kind: "aligned", lengthMs: number, offsetMs: number, alignTo: number, open: readonly number[]];
export type SessionState = readonly [kind: "session", gapMs: number, nextId: number, open: readonly OpenSession[]];
export type OpenSession = readonly [id: number, openTime: number, closeTime: number, mergedIds: readonly number[]];

/** The state, if it begins as this windower's own does. Throws WEIR_STATE_MISMATCH otherwise. */
export function checkWindower<S extends readonly unknown[]>(resume: unknown, now: readonly unknown[]): S | undefined {
  if (resume === undefined || resume === null) return undefined;
  if (Array.isArray(resume) && now.every((parameter, i) => resume[i] === parameter)) return resume as unknown as S;
  throw new WeirError(
    "WEIR_STATE_MISMATCH",
    `the kept windows are those of ${describe(resume)}, and the windower is now ${describe(now)}`,
  );
}

function describe(state: unknown): string {
  if (!Array.isArray(state)) return show(state);
  const [kind, first, offsetMs, alignTo] = state as unknown[];
  if (kind === "session") return `session({ gapMs: ${show(first)} })`;
  if (kind !== "aligned") return show(state);
  if (first === offsetMs) return `tumbling({ lengthMs: ${show(first)}, alignTo: ${show(alignTo)} })`;
  return `sliding({ lengthMs: ${show(first)}, offsetMs: ${show(offsetMs)}, alignTo: ${show(alignTo)} })`;
}
