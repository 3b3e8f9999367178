// Removes what a schema does not know and says what it was: pruning for custom kinds, strict decoding for built-in ones.
// Invariant: changes the value in place; below a member that keeps unknown fields only declared parts are looked at.

import { isObject, type Json } from "../json.ts";
import { childOf, itemsOf, keepsUnknown, type Schema } from "./schema.ts";

/** The paths of removed fields, as strict decoding names them. */
export function prune(schema: Schema, value: Json | undefined, path = ""): string[] {
  const removed: string[] = [];
  pruneAt(schema, value, path, removed);
  return removed;
}

function pruneAt(schema: Schema | undefined, value: Json | undefined, path: string, removed: string[]): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [index, item] of value.entries()) pruneAt(items, item, `${path}[${index}]`, removed);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const child = childOf(schema, key);
    const at = path === "" ? key : `${path}.${key}`;
    if (child) pruneAt(child, value[key], at, removed);
    else if (!keepsUnknown(schema)) {
      delete value[key];
      removed.push(at);
    }
  }
}

/** Drops nulls of custom kinds where null is no value; where there is a default, that comes in its place later. */
export function dropForbiddenNulls(schema: Schema | undefined, value: Json | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    for (const item of value) dropForbiddenNulls(itemsOf(schema), item);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const child = childOf(schema, key);
    if (!child) continue;
    if (value[key] === null && child.nullable !== true && child.default === undefined) delete value[key];
    else dropForbiddenNulls(child, value[key]);
  }
}

/** Lists and maps, not structs: an empty one of these Go leaves out. */
function isEmptyCollection(schema: Schema, value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.length === 0 && schema.type === "array";
  return (
    isObject(value) && schema.properties === undefined && isObject(schema.additionalProperties) && Object.keys(value).length === 0
  );
}

/** Drops nulls, and empty lists and maps, where the schema knows the field: of a Go struct they are left out. */
export function dropNulls(schema: Schema | undefined, value: Json | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(itemsOf(schema), item);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const child = childOf(schema, key);
    if (!child) continue;
    if (value[key] === null || (isEmptyCollection(child, value[key]) && !schema.required?.includes(key))) delete value[key];
    else dropNulls(child, value[key]);
  }
}
