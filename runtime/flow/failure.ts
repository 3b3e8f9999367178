/** How what users' code throws becomes one error of ours: it names the step and keeps the user's own error, stack and all, as its cause. */
import { WeirError, isWeirError, type ErrorCode } from "../errors/index.ts";
import { show } from "./show.ts";

export function stepError(error: unknown, step: string, code: ErrorCode = "WEIR_STEP_FAILED"): WeirError {
  if (isWeirError(error) && error.step !== undefined) return error;
  // A connector's error has a code and a message that say what to do, and lacks the step only.
  if (isWeirError(error)) return new WeirError(error.code, `Step "${step}": ${error.message}`, { step, cause: error.cause });
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : show(error);
  return new WeirError(code, `Step "${step}" failed: ${reason}`, { step, cause: error });
}
