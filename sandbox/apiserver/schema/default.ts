// Fills in the defaults of a schema, outside in, so that a default object gets the defaults of its own members.
// Invariant: what is there stays; a null is replaced only where null is no value (not nullable) and a default exists.

import { clone, isObject, type Json } from "../json.ts";
import { childOf, itemsOf, resolve, type Schema } from "./schema.ts";

export function applyDefaults(schema: Schema | undefined, value: Json | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [index, item] of value.entries()) {
      if (item === null && items?.nullable !== true && items?.default !== undefined) value[index] = clone(items.default);
      applyDefaults(items, value[index]);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const child = resolve(property);
    const present = value[key];
    if (child.default !== undefined && (present === undefined || (present === null && child.nullable !== true)))
      value[key] = clone(child.default);
    if (value[key] !== undefined) applyDefaults(child, value[key]);
  }
  if (typeof schema.additionalProperties === "object") {
    const child = resolve(schema.additionalProperties);
    for (const key of Object.keys(value)) {
      if (schema.properties && Object.hasOwn(schema.properties, key)) continue;
      if (value[key] === null && child.nullable !== true && child.default !== undefined) value[key] = clone(child.default);
      applyDefaults(childOf(schema, key), value[key]);
    }
  }
}
