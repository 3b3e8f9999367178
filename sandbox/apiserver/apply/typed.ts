// How server-side apply sees a value: by its schema, a leaf, a map of fields, or a list whose items have names.
// Invariant: what counts as one leaf here (atomic lists and maps, scalars, null) is owned, compared and replaced as one.

import { isObject, type Json, type JsonObject } from "../json.ts";
import { childOf, isIntOrString, itemsOf, keepsUnknown, type Schema } from "../schema/schema.ts";

/** `undefined` stands for a value without a known type: its maps are granular, its lists atomic. */
export type TypeRef = Schema | undefined;

export type Shape = "leaf" | "map" | "list";

/** How a value is taken apart; a null is a leaf. */
export function shapeOf(schema: TypeRef, value: Json | undefined): Shape {
  if (Array.isArray(value)) {
    const kind = schema?.["x-kubernetes-list-type"];
    return kind === "map" || kind === "set" ? "list" : "leaf";
  }
  if (!isObject(value)) return "leaf";
  if (schema?.["x-kubernetes-map-type"] === "atomic" || (schema && isUntypedAtomic(schema))) return "leaf";
  return "map";
}

/** Built-in schemas of free JSON (RawExtension, FieldsV1, JSON) have neither properties nor a word about unknown fields. */
function isUntypedAtomic(schema: Schema): boolean {
  return (
    schema.properties === undefined &&
    schema.additionalProperties === undefined &&
    schema["x-kubernetes-preserve-unknown-fields"] !== true &&
    schema["x-kubernetes-embedded-resource"] !== true &&
    !isIntOrString(schema)
  );
}

/** True when the member is a declared field and not merely a key of a map. */
export function isField(schema: TypeRef, key: string): boolean {
  return schema?.properties !== undefined && Object.hasOwn(schema.properties, key);
}

export function memberType(schema: TypeRef, key: string): TypeRef {
  return childOf(schema, key);
}

export function itemType(schema: TypeRef): TypeRef {
  return itemsOf(schema);
}

export function fieldElement(key: string): string {
  return `f:${key}`;
}

/** The name of an item of an associative list. Throws a plain Error when it has none. */
export function itemElement(schema: Schema, item: Json): string {
  if (schema["x-kubernetes-list-type"] === "set") return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) throw new Error("associative list with keys may not have non-map or null elements");
  const key: JsonObject = {};
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  for (const name of [...keys].sort()) {
    const value = item[name] ?? childOf(itemsOf(schema), name)?.default;
    if (value !== undefined) key[name] = value;
  }
  if (Object.keys(key).length === 0) {
    throw new Error(
      `associative list with keys has an element that omits key field ${JSON.stringify(keys[0] ?? "")} (and doesn't have default value)`,
    );
  }
  return `k:${JSON.stringify(key)}`;
}

/** The items of an associative list by name; of twins the first. */
export function itemsByElement(schema: Schema, list: Json[]): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(schema, item);
    if (!found.has(element)) found.set(element, item);
  }
  return found;
}

/** Throws with the path of the first member that no schema knows. */
export function assertKnown(schema: TypeRef, value: Json | undefined, path = ""): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const associative = shapeOf(schema, value) === "list";
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const element = associative ? itemElement(schema, item) : `i:${index}`;
      if (seen.has(element))
        throw new Error(
          `errors:\n  ${path}: duplicate entries for key [${element
            .slice(2)
            .replace(/^\{|\}$/g, "")
            .replaceAll('":', '"=')
            .replaceAll(/"(\w+)"=/g, "$1=")}]`,
        );
      seen.add(element);
      assertKnown(itemType(schema), item, `${path}[${index}]`);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const type = memberType(schema, key);
    if (!type && !keepsUnknown(schema)) throw new Error(`${path}.${key}: field not declared in schema`);
    assertKnown(type, member, `${path}.${key}`);
  }
}
