/** How what users' code throws becomes one error of ours: it names the step and keeps the user's own error, stack and all, as its cause. */
import { WeirError, isWeirError, withStep, type ErrorCode } from "../errors/index.ts";
import { show } from "./show.ts";

export function stepError(error: unknown, step: string, code: ErrorCode = "WEIR_STEP_FAILED"): WeirError {
  if (isWeirError(error)) return error.step === undefined ? withStep(error, step) : error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : show(error);
  return new WeirError(code, `Step "${step}" failed: ${reason}`, { step, cause: error });
}
