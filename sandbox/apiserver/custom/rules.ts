// x-kubernetes-validations: the CEL rules of a schema, each checked on the values where it stands.
// Invariants: a rule about the past is checked only where the old value is known to be the same thing (maps and lists by key);
// a value that did not change is not checked again.

import { compileRule, type Rule } from "../cel/rule.ts";
import { toCel } from "../cel/values.ts";
import { invalidValue } from "../errors/field-error.ts";
import type { Cause } from "../errors/status.ts";
import { deepEqual, isObject, type Json, type KubeObject } from "../json.ts";
import { childOf, itemsOf, resolve, type Schema } from "../schema/schema.ts";
import { pathText, type SchemaPath } from "../schema/validate.ts";

export type Rules = (object: KubeObject, old: KubeObject | undefined) => Cause[];

interface Node {
  schema: Schema;
  rules: Rule[];
  properties: [string, Node][];
  items: Node | undefined;
  values: Node | undefined;
}

/** The part of a schema that has rules in it, or nothing. Definitions with rules that do not compile were refused before. */
function compile(schema: Schema): Node | undefined {
  const rules = (schema["x-kubernetes-validations"] ?? []).map((rule) => compileRule(rule, schema));
  const properties = Object.entries(schema.properties ?? {}).flatMap(([key, child]): [string, Node][] => {
    const node = compile(resolve(child));
    return node ? [[key, node]] : [];
  });
  const items = schema.items ? compile(itemsOf(schema)!) : undefined;
  const values = isObject(schema.additionalProperties)
    ? compile(childOf({ additionalProperties: schema.additionalProperties }, "")!)
    : undefined;
  return rules.length + properties.length > 0 || items || values ? { schema, rules, properties, items, values } : undefined;
}

const reasons: Record<string, [string, string]> = {
  FieldValueForbidden: ["FieldValueForbidden", "Forbidden"],
  FieldValueRequired: ["FieldValueRequired", "Required value"],
  FieldValueDuplicate: ["FieldValueDuplicate", "Duplicate value"],
};

/** A broken rule of an object or a list is told without the value. */
function brokenRule(field: string, value: Json, detail: string): Cause {
  if (typeof value !== "object" || value === null) return invalidValue(field, value, detail);
  return { reason: "FieldValueInvalid", message: `Invalid value: ${detail}`, field: field === "" ? "<nil>" : field };
}

function complaint(rule: Rule, path: SchemaPath, value: Json, detail: string): Cause {
  const field = pathText(path) + (rule.source.fieldPath ?? "").replace(path.length === 0 ? /^\./ : /^$/, "");
  const known = reasons[rule.source.reason ?? ""];
  if (!known) return brokenRule(field, value, detail);
  const [reason, words] = known;
  const message = reason === "FieldValueDuplicate" ? `${words}: ${JSON.stringify(value)}` : `${words}: ${detail}`;
  return { reason, message, field: field === "" ? "<nil>" : field };
}

function check(node: Node, value: Json | undefined, old: Json | undefined, path: SchemaPath, causes: Cause[]): void {
  if (value === undefined || value === null) return;
  const same = old !== undefined && deepEqual(value, old);
  let self: unknown;
  let before: unknown;
  for (const rule of node.rules) {
    if (rule.transition ? old === undefined && rule.source.optionalOldSelf !== true : same) continue;
    self ??= toCel(node.schema, value);
    before ??= old === undefined || old === null ? undefined : toCel(node.schema, old);
    try {
      if (rule.holds(self, before)) continue;
      const detail = rule.message(self, before) ?? (rule.source.message?.trim() || `failed rule: ${rule.source.rule.trim()}`);
      causes.push(complaint(rule, path, value, detail));
    } catch (error) {
      causes.push(
        brokenRule(
          pathText(path),
          value,
          `${(error as Error).message.split("\n")[0]!} evaluating rule: ${rule.source.message?.trim() || rule.source.rule}`,
        ),
      );
    }
  }
  if (isObject(value)) {
    const former = isObject(old) ? old : {};
    for (const [key, child] of node.properties) check(child, value[key], former[key], [...path, key], causes);
    if (node.values) for (const key of Object.keys(value)) check(node.values, value[key], former[key], [...path, key], causes);
  } else if (Array.isArray(value) && node.items) {
    for (const [index, item] of value.entries())
      check(node.items, item, correlated(node.schema, old, item), [...path, index], causes);
  }
}

/** The old item that is the same thing: known only in a list that is a map. */
function correlated(schema: Schema, old: Json | undefined, item: Json): Json | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((one) => isObject(one) && keys.every((key) => deepEqual(one[key], item[key])));
}

/** @throws Error when a rule does not compile. */
export function compileRules(schema: Schema): Rules {
  const root = compile(schema);
  return (object, old) => {
    const causes: Cause[] = [];
    if (root) check(root, object, old, [], causes);
    return causes;
  };
}
