/**
 * What a value that cannot be encoded is reported as. The writers throw `Unencodable` from wherever they are; the way to the
 * value is found afterwards, by a second walk, so that the usual walk keeps no path.
 */
import { isWeirError, WeirError } from "../../../errors/index.ts";
import { maximumDepth } from "./format.ts";

export class Unencodable extends Error {
  readonly value: unknown;
  readonly reason: string | undefined;
  constructor(value: unknown, reason?: string) {
    super("unencodable");
    this.value = value;
    this.reason = reason;
  }
}

/** The error to throw for `error`, which came out of writing `root`. `what` names the root: "record", "value". */
export function encodeError(error: unknown, root: unknown, what: string): WeirError {
  if (isWeirError(error)) return error;
  if (!(error instanceof Unencodable)) {
    // A getter or a proxy of the value threw, or it is larger than V8 allows.
    return new WeirError("WEIR_ENCODE", `${what} cannot be encoded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const path = error.reason === undefined ? pathTo(root, error.value, 0) : undefined;
  const place = path === undefined || path === "" ? "" : ` at ${path}`;
  return new WeirError("WEIR_ENCODE", `${what}${place} cannot be encoded: ${error.reason ?? `it is ${describe(error.value)}`}`);
}

function describe(value: unknown): string {
  if (typeof value === "function") return `a function (${value.name || "anonymous"})`;
  if (typeof value === "symbol") return `a symbol (${String(value)})`;
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object with a prototype of its own";
}

function pathTo(from: unknown, wanted: unknown, depth: number): string | undefined {
  if (Object.is(from, wanted)) return "";
  if (typeof from !== "object" || from === null || depth > maximumDepth) return undefined;
  if (from instanceof Map) {
    for (const [key, item] of from) {
      const rest = pathTo(item, wanted, depth + 1) ?? pathTo(key, wanted, depth + 1);
      if (rest !== undefined) return `<entry ${typeof key === "string" ? JSON.stringify(key) : typeof key}>${rest}`;
    }
    return undefined;
  }
  if (from instanceof Set) {
    for (const item of from) {
      const rest = pathTo(item, wanted, depth + 1);
      if (rest !== undefined) return `<member>${rest}`;
    }
    return undefined;
  }
  for (const key of Object.keys(from)) {
    const rest = pathTo((from as Record<string, unknown>)[key], wanted, depth + 1);
    if (rest !== undefined) return `${Array.isArray(from) ? `[${key}]` : `.${key}`}${rest}`;
  }
  return undefined;
}
