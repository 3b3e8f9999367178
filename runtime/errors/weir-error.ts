import type { ErrorCode } from "./codes.ts";

export interface WeirErrorOptions {
  /** The id given to the step's method, without the flow's. */
  readonly step?: string | undefined;
  /** The user's own error, or the failure underneath. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for("weir.error") as never;

/** Every error the package throws. Match on `code`, not on the message. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly step?: string;
  constructor(code: ErrorCode, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WeirError";
    this.code = code;
    if (options.step !== undefined) this.step = options.step;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Recognises errors of another loaded copy of the package too. */
export function isWeirError(value: unknown): value is WeirError {
  return value instanceof Error && (value as unknown as Record<symbol, unknown>)[brand] === true;
}

/** `value` itself when it is ours (with the step, if it lacked it), else a new error of `code` with `value` as its cause and its message in the text. */
export function asWeirError(value: unknown, code: ErrorCode, context: string, step?: string): WeirError {
  if (isWeirError(value)) return step === undefined || value.step !== undefined ? value : withStep(value, step);
  const reason = value instanceof Error ? value.message : String(value);
  return new WeirError(code, `${context}: ${reason}`, { step, cause: value });
}

/** What a connector or a window throws has a code and says what to do, and does not know the step. */
export function withStep(error: WeirError, step: string): WeirError {
  return new WeirError(error.code, `Step "${step}": ${error.message}`, { step, cause: error.cause });
}
