/** Thrown by the getter of a polling source that was asked too early, or could not answer now: "ask again in `ms`". */
import { WeirError } from "../errors/index.ts";
import { show } from "../flow/show.ts";

export class RetryAfter extends Error {
  readonly ms: number;
  /** Throws WEIR_FLOW_OPTION when `ms` is negative or not finite. */
  constructor(ms: number) {
    if (typeof ms !== "number" || !(ms >= 0 && ms < Infinity))
      throw new WeirError("WEIR_FLOW_OPTION", `RetryAfter: ms must be zero or more milliseconds, not ${show(ms)}`);
    super(`ask again in ${ms} ms`);
    this.name = "RetryAfter";
    this.ms = ms;
  }
}
