// Checks that a value could be decoded into the Go structs behind a built-in schema, and says it as encoding/json does.

import { isObject, type Json } from "../json.ts";
import { formatError } from "./formats.ts";
import { childOf, isIntOrString, itemsOf, keepsUnknown, nameOfStruct, type Schema } from "./schema.ts";

function nameOf(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (isObject(value)) return "object";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" && !Number.isInteger(value) ? `number ${value}` : typeof value;
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case "integer":
      return schema.format === "int32" ? "int32" : "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "array": {
      const items = itemsOf(schema);
      const struct = items && nameOfStruct(items);
      return `[]${struct ? `v1.${struct}` : items ? goType(items) : "interface {}"}`;
    }
    case "object":
      return typeof schema.additionalProperties === "object" ? `map[string]${goType(childOf(schema, "x")!)}` : "struct";
    default:
      return schema.type ?? "interface {}";
  }
}

function fits(schema: Schema, value: Json): boolean {
  if (schema.oneOf || schema.anyOf || isIntOrString(schema))
    return !isObject(value) && !Array.isArray(value) && typeof value !== "boolean";
  switch (schema.type) {
    case "string":
      return typeof value === "string";
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return Array.isArray(value);
    case "object":
      return (
        isObject(value) || (schema.properties === undefined && schema.additionalProperties === undefined && keepsUnknown(schema))
      );
    default:
      return true;
  }
}

/** The message about the first value of a wrong type, without the leading `json: `; undefined when all fit. */
export function firstTypeError(schema: Schema | undefined, value: Json | undefined, path = "", struct = ""): string | undefined {
  if (!schema || value === undefined || value === null) return undefined;
  if (!fits(schema, value))
    return `json: cannot unmarshal ${nameOf(value)} into Go struct field ${struct}.${path} of type ${goType(schema)}`;
  if (schema.format === "byte" && typeof value === "string" && formatError("byte", value)) {
    return `illegal base64 data at input byte ${Math.max(0, value.search(/[^A-Za-z0-9+/=]/))}`;
  }
  if (schema.format === "date-time" && typeof value === "string" && Number.isNaN(Date.parse(value))) {
    return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      const error = firstTypeError(itemsOf(schema), item, path, struct);
      if (error !== undefined) return error;
    }
  } else if (isObject(value)) {
    const name = nameOfStruct(schema) ?? struct;
    for (const [key, member] of Object.entries(value)) {
      // The values of a map are told by the map's own name.
      const at = schema.properties === undefined ? path : path === "" ? key : `${path}.${key}`;
      const error = firstTypeError(childOf(schema, key), member, at, name);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}
