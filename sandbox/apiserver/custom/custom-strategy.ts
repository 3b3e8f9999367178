// What is done with every object of a custom kind: its schema is checked, and its rules.
// Invariant: what was invalid before and is unchanged does not stop an update (ratcheting, as the real server does).

import type { Cause } from "../errors/status.ts";
import { invalidValue } from "../errors/field-error.ts";
import { deepEqual, isObject, type Json, type KubeObject } from "../json.ts";
import type { ScalePaths, Strategy } from "../resources/resource.ts";
import { validateSchema, type Problem } from "../schema/validate.ts";
import type { Schema } from "../schema/schema.ts";
import { compileRules } from "./rules.ts";
import { withIdentity } from "./structural.ts";

function valueAtPath(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let node = value;
  for (const step of path) {
    if (typeof node !== "object" || node === null) return undefined;
    node = (node as Record<string | number, Json | undefined>)[step];
  }
  return node;
}

function unchanged(problem: Problem, object: KubeObject, old: KubeObject): boolean {
  // Where the value itself is missing, its parent is what may have changed.
  const path = problem.cause.reason === "FieldValueRequired" ? problem.path.slice(0, -1) : problem.path;
  const before = valueAtPath(old, path);
  return path.length > 0 && before !== undefined && deepEqual(before, valueAtPath(object, path));
}

const blocking = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const unchecked = invalidValue(
  "",
  null,
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);

function goType(value: Json): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "object" ? "map[string]interface {}" : typeof value === "boolean" ? "bool" : "string";
}

/** The numbers that the scale subresource reads must be numbers. */
function scaleProblems(scale: ScalePaths | undefined, object: KubeObject): Cause[] {
  const causes: Cause[] = [];
  for (const path of scale ? [scale.specReplicas, scale.statusReplicas] : []) {
    const field = `.${path.join(".")}`;
    let value: Json | undefined = object;
    let expected = "map[string]interface{}";
    for (const [index, step] of path.entries()) {
      if (!isObject(value)) break;
      value = value[step];
      expected = index === path.length - 1 ? "int64" : "map[string]interface{}";
    }
    if (value === undefined || value === null || (isObject(value) && expected !== "int64")) continue;
    const shown = Array.isArray(value) || isObject(value) ? JSON.stringify(value) : String(value);
    if (goType(value) !== expected)
      causes.push(
        invalidValue(field, 0, `${field} accessor error: ${shown} is of the type ${goType(value)}, expected ${expected}`),
      );
    else if ((value as number) < 0) causes.push(invalidValue(field, value, "should be a non-negative integer"));
  }
  return causes;
}

export function customStrategy(schema: Schema, scale: ScalePaths | undefined): Strategy {
  const rules = compileRules(withIdentity(schema));

  function problems(object: KubeObject, old: KubeObject | undefined): Cause[] {
    const found = validateSchema(schema, object);
    const relevant = old ? found.filter((problem) => !unchanged(problem, object, old)) : found;
    const causes = [...relevant.map((problem) => problem.cause), ...scaleProblems(scale, object)];
    // Rules are written for values of the right shape.
    return causes.some(({ reason }) => blocking.has(reason)) ? [...causes, unchecked] : [...causes, ...rules(object, old)];
  }

  return {
    validate: (object) => problems(object, undefined),
    validateUpdate: (object, old) => problems(object, old),
  };
}
