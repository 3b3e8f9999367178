// Turns a decoded body into an object of its kind: names checked, unknown fields dealt with, types checked, defaults filled in.
// Invariant: an admitted object holds only what its schema knows, and all that a defaulting server would add.

import { badRequest } from "../errors/status.ts";
import { clone, isObject, type Json, type KubeObject } from "../json.ts";
import { apiVersionOf, type Resource } from "../resources/resource.ts";
import { canonicaliseQuantities } from "../schema/canonical.ts";
import { applyDefaults } from "../schema/default.ts";
import { dropForbiddenNulls, dropNulls, prune } from "../schema/prune.ts";
import { firstTypeError } from "../schema/go-types.ts";
import type { WriteOptions } from "./context.ts";
import { dropEmptyMetadata } from "./metadata.ts";

/** Checks apiVersion and kind against the endpoint; fills them in where a client left them out. Copies its argument. */
export function typed(resource: Resource, value: Json): KubeObject {
  if (!isObject(value))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value`,
    );
  const object = clone(value) as KubeObject;
  const expected = apiVersionOf(resource);
  if (resource.custom && !object.kind) throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  object.apiVersion ||= expected;
  object.kind ||= resource.kind;
  if (object.kind !== resource.kind) {
    throw badRequest(`${object.kind} in version "${object.apiVersion.split("/").at(-1)!}" cannot be handled as a ${resource.kind}`);
  }
  if (object.apiVersion !== expected) {
    throw badRequest(`the API version in the data (${object.apiVersion}) does not match the expected API version (${expected})`);
  }
  if (!isObject(object.metadata)) object.metadata = {} as KubeObject["metadata"];
  return object;
}

/** `duplicates` are fields that the body named twice. Throws ApiError 400 under Strict, adds warnings under Warn. */
export function admit(resource: Resource, value: Json, options: WriteOptions, duplicates: string[] = []): KubeObject {
  const object = typed(resource, value);
  const unknown = prune(resource.schema, object);
  const complaints = [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
  if (complaints.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${complaints.join(", ")}`,
    );
  }
  if (options.fieldValidation === "Warn") options.warnings.push(...complaints);
  // Not after an apply: what that leaves as null stays null, and is refused where null is no value.
  if (resource.custom) dropForbiddenNulls(resource.schema, object);
  normalise(resource, object);
  return object;
}

/** The part of admission that also patched objects go through. */
export function normalise(resource: Resource, object: KubeObject): void {
  if (!resource.custom) {
    dropNulls(resource.schema, object);
    const error = firstTypeError(resource.schema, object);
    if (error)
      throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${error}`);
  }
  if (!resource.custom) {
    const wrong = canonicaliseQuantities(resource.schema, object);
    if (wrong !== undefined) {
      const why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
      throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`);
    }
  }
  dropEmptyMetadata(object.metadata);
  applyDefaults(resource.schema, object);
  for (const field of resource.strategy.nulls ?? []) object[field] ??= null;
  resource.strategy.defaults?.(object);
}
