/**
 * Errors: one class, one closed list of codes. Every room may import this folder; it imports nothing.
 * A user's mistake is a WeirError with the step's id and the user's own error as `cause`; a broken promise of our own is
 * an `invariant`, which is never meant to be caught and handled.
 */
export { errorCodes, type ErrorCode } from "./codes.ts";
export { WeirError, isWeirError, asWeirError, withStep, type WeirErrorOptions } from "./weir-error.ts";
export { invariant } from "./invariant.ts";
