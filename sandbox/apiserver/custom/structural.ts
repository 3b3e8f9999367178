// Whether the schema of a definition is structural: every value has a type, and nothing is said twice.

import { compileRule } from "../cel/rule.ts";
import { forbiddenField, notSupported, required, invalidValue } from "../errors/field-error.ts";
import type { Cause } from "../errors/status.ts";
import { deepEqual, isObject, type JsonObject } from "../json.ts";
import { compilePattern } from "../schema/pattern.ts";
import { isIntOrString, type Schema } from "../schema/schema.ts";
import { validateSchema } from "../schema/validate.ts";
import { pruned } from "./pruned.ts";

const types = ["array", "boolean", "integer", "number", "object", "string"];

const text: Schema = { type: "string" };

/** What rules at the root may see besides the declared fields: the object's type and its name. */
export function withIdentity(schema: Schema): Schema {
  const metadata: Schema = { type: "object", properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, apiVersion: text, kind: text, metadata } };
}

export function validateDefinitionSchema(schema: JsonObject, field: string): Cause[] {
  const causes: Cause[] = [];
  walk(schema as Schema, field, true, causes);
  return causes;
}

function walk(schema: Schema, field: string, root: boolean, causes: Cause[]): void {
  const free = isIntOrString(schema) || (schema["x-kubernetes-preserve-unknown-fields"] === true && !root);
  if (schema.type === undefined || schema.type === "") {
    if (!free)
      causes.push(
        required(`${field}.type`, root ? "must not be empty at the root" : "must not be empty for specified object fields"),
      );
  } else if (!types.includes(schema.type)) causes.push(notSupported(`${field}.type`, schema.type, types));
  else if (root && schema.type !== "object") causes.push(invalidValue(`${field}.type`, schema.type, "must be object at the root"));
  if (schema.properties && schema.additionalProperties) {
    causes.push(forbiddenField(`${field}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
  }
  if (schema.additionalProperties === false)
    causes.push(forbiddenField(`${field}.additionalProperties`, "additionalProperties cannot be set to false"));
  if (schema.uniqueItems === true)
    causes.push(
      forbiddenField(`${field}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
    );
  if (schema.$ref !== undefined) causes.push(forbiddenField(`${field}.$ref`, "$ref is not supported"));
  if (schema.type === "array" && !schema.items) causes.push(required(`${field}.items`, "must be specified"));
  checkList(schema, field, causes);
  if (schema.pattern !== undefined && !compiles(schema.pattern)) {
    causes.push(invalidValue(`${field}.pattern`, schema.pattern, "must be a valid regular expression"));
  }
  checkDefault(schema, field, causes);
  checkRules(root ? withIdentity(schema) : schema, field, causes);
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (root && key === "metadata") continue;
    walk(child, `${field}.properties[${key}]`, false, causes);
  }
  if (isObject(schema.additionalProperties))
    walk(schema.additionalProperties as Schema, `${field}.additionalProperties`, false, causes);
  if (schema.items) walk(schema.items, `${field}.items`, false, causes);
}

function checkList(schema: Schema, field: string, causes: Cause[]): void {
  if (schema["x-kubernetes-list-type"] !== "map") return;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (keys.length === 0) {
    causes.push(required(`${field}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"));
  }
  for (const key of keys) {
    const child = schema.items?.properties?.[key];
    if (!child)
      causes.push(invalidValue(`${field}.x-kubernetes-list-map-keys`, key, "entries must all be names of item properties"));
    else if (child.default === undefined && !schema.items?.required?.includes(key)) {
      causes.push(
        required(
          `${field}.items.properties[${key}].default`,
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
      );
    }
  }
}

function checkRules(schema: Schema, field: string, causes: Cause[]): void {
  for (const [index, rule] of (schema["x-kubernetes-validations"] ?? []).entries()) {
    const at = `${field}.x-kubernetes-validations[${index}]`;
    if (!rule.rule?.trim()) causes.push(required(`${at}.rule`, "rule is not specified"));
    else {
      try {
        compileRule(rule, schema);
      } catch (error) {
        causes.push(invalidValue(`${at}.rule`, rule as unknown as JsonObject, `compilation failed: ${(error as Error).message}`));
      }
    }
  }
}

function compiles(pattern: string): boolean {
  try {
    compilePattern(pattern);
    return true;
  } catch {
    return false;
  }
}

function checkDefault(schema: Schema, field: string, causes: Cause[]): void {
  if (schema.default === undefined) return;
  const kept = pruned(schema, schema.default);
  if (!deepEqual(kept, schema.default))
    causes.push(invalidValue(`${field}.default`, schema.default, "must not have unknown fields"));
  for (const problem of validateSchema(schema, schema.default)) {
    const below = problem.cause.field === "<nil>" ? "" : `.${problem.cause.field}`;
    causes.push({ ...problem.cause, field: `${field}.default${below}` });
  }
}
