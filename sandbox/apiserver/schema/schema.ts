// The one notion of a schema here: OpenAPI v3 as Kubernetes writes it, for built-in kinds and custom ones alike.
// Invariant: nobody reads a schema but through `resolve`, `childOf` and `itemsOf`, which follow references.

import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../json.ts";

export interface ValidationRule extends JsonObject {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  default?: Json;
  nullable?: boolean;
  enum?: Json[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "granular" | "atomic";
  "x-kubernetes-patch-strategy"?: string;
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-validations"?: ValidationRule[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

const prefix = "#/components/schemas/";
const structs = new WeakMap<Schema, string>();
let definitions: Record<string, Schema> | undefined;

/** The definitions of the built-in kinds: see generate-definitions.ts for where they come from. */
export function builtinDefinitions(): Record<string, Schema> {
  if (definitions) return definitions;
  definitions = {};
  for (const line of readFileSync(new URL("definitions.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")) {
    const [name, schema] = JSON.parse(line) as [string, Schema];
    definitions[name] = schema;
    structs.set(schema, name);
  }
  return definitions;
}

/** What every object within an object has, declared or not. */
const embeddedFields: Record<string, Schema> = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata: { $ref: `${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` },
};

const resolved = new WeakMap<Schema, Schema>();

/** The schema itself, with a `$ref` (plain or as the single `allOf` that carries siblings) replaced by what it names. */
export function resolve(schema: Schema): Schema {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined);
  if (reference === undefined) return schema;
  const known = resolved.get(schema);
  if (known) return known;
  const target = builtinDefinitions()[reference.slice(prefix.length)];
  if (!target) throw new Error(`schema reference ${reference} names nothing`);
  const { $ref: _ref, allOf: _allOf, ...siblings } = schema;
  const merged = { ...resolve(target), ...siblings };
  structs.set(merged, structs.get(target)!);
  resolved.set(schema, merged);
  return merged;
}

/** The schema of a member: a declared property, else the schema of a map's values, else undefined. */
export function childOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (!schema) return undefined;
  const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  const identity = schema["x-kubernetes-embedded-resource"] === true ? embeddedFields[key] : undefined;
  // Of an embedded object's metadata the server knows more than any definition says.
  if (identity && (key === "metadata" || !property)) return resolve(identity);
  if (property) return resolve(property);
  return typeof schema.additionalProperties === "object" ? resolve(schema.additionalProperties) : undefined;
}

/** The name of the built-in definition that a schema is or refers to. */
export function nameOfDefinition(schema: Schema): string | undefined {
  return structs.get(schema);
}

/** The built-in definition of a kind, by its type. */
export function definitionOf(apiVersion: string, kind: string): Schema | undefined {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return Object.values(builtinDefinitions()).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some((one) => one.group === group && one.version === version && one.kind === kind),
  );
}

/** The name of the Go struct behind a built-in schema: `StatefulSetSpec`. */
export function nameOfStruct(schema: Schema): string | undefined {
  return structs.get(schema)?.split(".").at(-1);
}

/** True for resource quantities, which are kept in canonical form. */
export function isQuantity(schema: Schema): boolean {
  return structs.get(schema) === "io.k8s.apimachinery.pkg.api.resource.Quantity";
}

export function itemsOf(schema: Schema | undefined): Schema | undefined {
  return schema?.items ? resolve(schema.items) : undefined;
}

export function isIntOrString(schema: Schema): boolean {
  return schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string";
}

/** True when members that no property declares are kept as they are. */
export function keepsUnknown(schema: Schema): boolean {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return true;
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) return true;
  // Free JSON in built-in kinds; in custom ones an object without properties has none.
  return schema.properties === undefined && structs.has(schema);
}
