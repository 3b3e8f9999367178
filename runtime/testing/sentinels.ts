import { refuseOption } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";

/** This run's input ends here; with recovery the next run goes on behind it. */
export const EOF: unique symbol = Symbol.for("weir.testing.EOF") as never;

/**
 * The run stops at once as if the machine had died: nothing more is written or committed, no `onEof`; `runMain` resolves. The
 * next run that reaches it skips it.
 */
export const ABORT: unique symbol = Symbol.for("weir.testing.ABORT") as never;

/** No item for `ms` milliseconds. */
export class PAUSE {
  readonly ms: number;
  /** Throws WEIR_FLOW_OPTION when `ms` is negative or not finite. */
  constructor(ms: number) {
    if (typeof ms !== "number" || !(ms >= 0 && ms < Infinity)) refuseOption("PAUSE", "ms", "zero or more milliseconds", show(ms));
    this.ms = ms;
  }
}

/** Thrown by a test source that has reached ABORT. */
export const abortMessage = "ABORT: the run stops as if the machine had died";
const brand: unique symbol = Symbol.for("weir.testing.abort") as never;
export function abortError(position: number): Error {
  return Object.assign(new Error(abortMessage), { [brand]: position });
}
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (brand in error || isAbort(error.cause));
}
/** The position of the ABORT that an error stands for; undefined for any other error. */
export function abortPosition(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  return brand in error ? (error[brand] as number) : abortPosition(error.cause);
}
