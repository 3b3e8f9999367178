/** What the database said, sorted: what passes with time is tried again, anything else is an error that says what was done and to which table. */
import { isWeirError, WeirError } from "../../errors/index.ts";

/** Of the system, the driver and the pool: the connection could not be made, or was lost. */
const network = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "ENOENT",
]);
const driver =
  /Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded when trying to connect|timeout expired|not queryable|Client was closed/;
/** Classes: 08 connection, 53 resources, 57P operator intervention; and conflicts with other transactions, and a server that is a replica for now. */
const states = /^(08|53|57P)|^(40001|40P01|55P03|57014|25006)$/;

export function passesWithTime(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(passesWithTime);
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return network.has(code) || states.test(code);
  return driver.test(error.message);
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  const { detail, code } = error as { detail?: unknown; code?: unknown };
  const state = typeof code === "string" ? ` (${code})` : "";
  return `${error.message}${typeof detail === "string" ? ` ${detail}` : ""}${state}`;
}

export function sinkFailure(doing: string, error: unknown): WeirError {
  if (isWeirError(error)) return error;
  return new WeirError("WEIR_SINK_FAILED", `postgresSink cannot ${doing}: ${messageOf(error)}`, { cause: error });
}
