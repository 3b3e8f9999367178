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
  constructor(ms: number) {
    this.ms = ms;
  }
}

/** Thrown by a test source that has reached ABORT. */
export const abortMessage = "ABORT: the run stops as if the machine had died";
const brand: unique symbol = Symbol.for("weir.testing.abort") as never;
export function abortError(): Error {
  return Object.assign(new Error(abortMessage), { [brand]: true });
}
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (brand in error || isAbort(error.cause));
}
