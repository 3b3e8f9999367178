/** Errors of programs that misuse streams, times or capabilities. */
import { WeirError, type ErrorCode } from "../../errors/index.ts";
import { formatTime, isTime, type Time } from "../progress/index.ts";

export function graphError(message: string): WeirError {
  return new WeirError("WEIR_TIMELY_GRAPH", message);
}

export function capabilityError(message: string): WeirError {
  return new WeirError("WEIR_TIMELY_CAPABILITY", message);
}

/** `value` as a time of a scope with so many coordinates; throws when it is none. */
export function requireTime(value: unknown, coordinates: number, where: string): Time {
  if (isTime(value, coordinates)) return value;
  const kind = coordinates === 1 ? "a finite number" : `a pair [outer, inner] nested ${coordinates - 1} deep`;
  throw new WeirError("WEIR_TIMELY_TIME", `${where}: ${formatTime(value)} is no time here, it has to be ${kind}`);
}

export function notAfter(code: ErrorCode, where: string, time: Time, held: Time): WeirError {
  return new WeirError(code, `${where}: time ${formatTime(time)} is not at or after ${formatTime(held)}`);
}
