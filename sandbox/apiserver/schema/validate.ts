// Checks a value against a structural schema and says what is wrong in the words of kube-openapi's validator.
// Invariant: all problems are found, in the order of the schema walk; a value of a wrong type is not looked into.

import { duplicate, invalidValue, notSupported, required, tooMany, typeInvalid } from "../errors/field-error.ts";
import type { Cause } from "../errors/status.ts";
import { deepEqual, isObject, type Json, type JsonObject } from "../json.ts";
import { formatError } from "./formats.ts";
import { compilePattern } from "./pattern.ts";
import { childOf, isIntOrString, itemsOf, type Schema } from "./schema.ts";

export type SchemaPath = readonly (string | number)[];

type Say = (text: string) => void;
type Add = (cause: Cause) => void;

export interface Problem {
  cause: Cause;
  path: SchemaPath;
}

export function pathText(path: SchemaPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function typeFits(schema: Schema, value: Json): boolean {
  if (value === null) return schema.nullable === true || schema.type === undefined;
  if (isIntOrString(schema)) return typeof value === "string" || (typeof value === "number" && Number.isInteger(value));
  if (schema.type === undefined) return true;
  const actual = typeOf(value);
  return actual === schema.type || (schema.type === "number" && actual === "integer");
}

export function validateSchema(schema: Schema, value: Json): Problem[] {
  const problems: Problem[] = [];
  check(schema, value, [], problems);
  return problems;
}

function check(schema: Schema, value: Json, path: SchemaPath, problems: Problem[]): void {
  const field = pathText(path);
  const add = (cause: Cause): void => void problems.push({ cause, path });
  const body = (text: string): void => add(invalidValue(field, value, `${field} in body ${text}`));
  if (!typeFits(schema, value)) {
    const expected = isIntOrString(schema) ? "integer,string" : schema.type!;
    add(typeInvalid(field, typeOf(value), `${field} in body must be of type ${expected}: ${JSON.stringify(typeOf(value))}`));
    return;
  }
  if (value === null) return;
  if (schema.enum && !schema.enum.some((allowed) => deepEqual(allowed, value))) {
    add(
      notSupported(
        field,
        value,
        schema.enum.map((allowed) => (typeof allowed === "string" ? allowed : JSON.stringify(allowed))),
      ),
    );
  }
  if (typeof value === "number") checkNumber(schema, value, field, body, add);
  if (typeof value === "string") checkString(schema, value, field, body, add);
  if (Array.isArray(value)) checkItems(schema, value, path, problems, add);
  else if (isObject(value)) checkMembers(schema, value, path, problems, add);
  checkCombinations(schema, value, path, problems, add);
}

/** Integers are compared with the factor cut to an integer, as the real server does. */
function checkMultiple(value: number, multipleOf: number, field: string, body: Say, add: Add): void {
  const factor = Number.isInteger(value) ? Math.trunc(multipleOf) : multipleOf;
  if (factor <= 0) add(invalidValue(field, value, `factor MultipleOf declared for ${field} must be positive: ${factor}`));
  else if (!Number.isInteger(value / factor)) body(`should be a multiple of ${factor}`);
}

function checkNumber(schema: Schema, value: number, field: string, body: Say, add: Add): void {
  const { minimum, maximum, multipleOf } = schema;
  if (multipleOf !== undefined) checkMultiple(value, multipleOf, field, body, add);
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    body(`should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${minimum}`);
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    body(`should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${maximum}`);
  }
  if (schema.format === "int32" && (value > 2147483647 || value < -2147483648)) body(`must be of type int32: "number"`);
}

/** Of a string only the first problem is told. */
function checkString(schema: Schema, value: string, field: string, body: Say, add: Add): void {
  const length = [...value].length;
  const { maxLength, minLength, pattern, format } = schema;
  if (maxLength !== undefined && length > maxLength) {
    add({ reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxLength} bytes`, field });
  } else if (minLength !== undefined && length < minLength) body(`should be at least ${minLength} chars long`);
  else if (pattern !== undefined && !compilePattern(pattern).test(value)) body(`should match '${pattern}'`);
  if (format !== undefined && formatError(format, value)) {
    add(typeInvalid(field, value, `${field} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
}

function checkItems(schema: Schema, list: Json[], path: SchemaPath, problems: Problem[], add: Add): void {
  if (schema.minItems !== undefined && list.length < schema.minItems)
    add(invalidValue(pathText(path), list.length, `${pathText(path)} in body should have at least ${schema.minItems} items`));
  if (schema.maxItems !== undefined && list.length > schema.maxItems) add(tooMany(pathText(path), list.length, schema.maxItems));
  const items = itemsOf(schema);
  if (items) for (const [index, item] of list.entries()) check(items, item, [...path, index], problems);
  const kind = schema["x-kubernetes-list-type"];
  if (kind !== "map" && kind !== "set" && schema.uniqueItems !== true) return;
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    const id: Json =
      kind === "map" && isObject(item)
        ? Object.fromEntries(keys.flatMap((key) => (item[key] === undefined ? [] : [[key, item[key]]])))
        : item;
    const text = JSON.stringify(id);
    if (seen.has(text)) problems.push({ cause: duplicate(pathText([...path, index]), id), path: [...path, index] });
    seen.add(text);
  }
}

function checkMembers(schema: Schema, value: JsonObject, path: SchemaPath, problems: Problem[], add: Add): void {
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties)
    add(invalidValue(pathText(path), count, `${pathText(path)} in body should have at least ${schema.minProperties} properties`));
  if (schema.maxProperties !== undefined && count > schema.maxProperties) add(tooMany(pathText(path), count, schema.maxProperties));
  const identity = schema["x-kubernetes-embedded-resource"] === true ? ["apiVersion", "kind"] : [];
  for (const key of [...(schema.required ?? []), ...identity]) {
    if (value[key] === undefined) problems.push({ cause: required(pathText([...path, key])), path: [...path, key] });
  }
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    // Of metadata the server knows more than any definition says.
    const child = path.length === 0 && key === "metadata" ? metadataLimits(schema) : childOf(schema, key);
    if (child) check(child, member, [...path, key], problems);
  }
}

function metadataLimits(schema: Schema): Schema | undefined {
  const declared = schema.properties?.metadata;
  const limits = declared?.properties;
  if (!limits) return undefined;
  const { name, generateName } = limits;
  return { type: "object", properties: { ...(name ? { name } : {}), ...(generateName ? { generateName } : {}) } };
}

const passes = (schema: Schema, value: Json, path: SchemaPath): boolean => {
  const inner: Problem[] = [];
  check(schema, value, path, inner);
  return inner.length === 0;
};

function checkCombinations(schema: Schema, value: Json, path: SchemaPath, problems: Problem[], add: Add): void {
  const field = pathText(path);
  const name = JSON.stringify(field);
  for (const part of schema.allOf ?? []) {
    const inner: Problem[] = [];
    check(part, value, path, inner);
    if (inner.length > 0) {
      problems.push(...inner);
      add(invalidValue("", "", `${name} must validate all the schemas (allOf)`));
    }
  }
  if (isIntOrString(schema)) return;
  if (schema.anyOf && !schema.anyOf.some((part) => passes(part, value, path))) {
    add(invalidValue("", "", `${name} must validate at least one schema (anyOf)`));
    collectBest(schema.anyOf, value, path, problems);
  }
  if (schema.oneOf) {
    const valid = schema.oneOf.filter((part) => passes(part, value, path)).length;
    if (valid !== 1) {
      add(
        invalidValue(
          "",
          "",
          `${name} must validate one and only one schema (oneOf). Found ${valid === 0 ? "none valid" : `${valid} valid alternatives`}`,
        ),
      );
      if (valid === 0) collectBest(schema.oneOf, value, path, problems);
    }
  }
  if (schema.not && passes(schema.not, value, path)) add(invalidValue("", "", `${name} must not validate the schema (not)`));
}

/** The problems of the alternative that comes nearest. */
function collectBest(parts: Schema[], value: Json, path: SchemaPath, problems: Problem[]): void {
  let best: Problem[] | undefined;
  for (const part of parts) {
    const inner: Problem[] = [];
    check(part, value, path, inner);
    if (!best || inner.length < best.length) best = inner;
  }
  problems.push(...(best ?? []));
}
