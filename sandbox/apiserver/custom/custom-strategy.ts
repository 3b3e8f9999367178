// What is done with every object of a custom kind: its schema is checked, and its rules.
// Invariant: what was invalid before and is unchanged does not stop an update (ratcheting, as the real server does).

import type { Cause } from "../errors/status.ts";
import { deepEqual, type Json, type KubeObject } from "../json.ts";
import type { Strategy } from "../resources/resource.ts";
import { validateSchema, type Problem } from "../schema/validate.ts";
import type { Schema } from "../schema/schema.ts";
import { compileRules } from "./rules.ts";

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

export function customStrategy(schema: Schema): Strategy {
  const rules = compileRules(schema);

  function problems(object: KubeObject, old: KubeObject | undefined): Cause[] {
    const found = validateSchema(schema, object);
    const relevant = old ? found.filter((problem) => !unchanged(problem, object, old)) : found;
    if (relevant.length > 0) return relevant.map((problem) => problem.cause);
    return rules(object, old);
  }

  return {
    validate: (object) => problems(object, undefined),
    validateUpdate: (object, old) => problems(object, old),
  };
}
