// JSON values as CEL values, by their schema: integers are ints, numbers doubles, dates timestamps; names that CEL could not
// say are escaped as Kubernetes does. Invariant: what the schema does not declare is not there for rules.

import { Environment } from "@marcbachmann/cel-js";
import { isObject, type Json } from "../json.ts";
import { childOf, isIntOrString, itemsOf, type Schema } from "../schema/schema.ts";

const words = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** The name of a property in rules: `__dash__` for a dash, `__namespace__` for a word of the language. */
export function escapedName(name: string): string {
  if (words.has(name)) return `__${name}__`;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}

const durations = new Environment().registerVariable("value", "string");

function scalar(schema: Schema, value: Json): unknown {
  if (typeof value === "number") {
    if (schema.type === "number") return value;
    return Number.isInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === "string" && schema.type === "string") {
    if (schema.format === "date-time" || schema.format === "date") return new Date(value);
    if (schema.format === "duration") return durations.evaluate("duration(value)", { value }) as unknown;
    if (schema.format === "byte") return new Uint8Array(Buffer.from(value, "base64"));
  }
  return value;
}

export function toCel(schema: Schema | undefined, value: Json | undefined): unknown {
  if (value === undefined) return undefined;
  if (!schema || value === null) return untyped(value);
  if (isIntOrString(schema)) return typeof value === "number" ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(itemsOf(schema), item));
  if (!isObject(value)) return scalar(schema, value);
  const out: Record<string, unknown> = {};
  const map = schema.properties === undefined;
  for (const [key, member] of Object.entries(value)) {
    const child = childOf(schema, key);
    // A null where null is no value counts as absent.
    if (member === undefined || (member === null && child?.nullable !== true)) continue;
    if (!child && !map && schema["x-kubernetes-embedded-resource"] !== true) continue;
    out[map ? key : escapedName(key)] = child ? toCel(child, member) : untyped(member);
  }
  return out;
}

function untyped(value: Json): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(untyped);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, member === undefined ? null : untyped(member)]));
  return value;
}
