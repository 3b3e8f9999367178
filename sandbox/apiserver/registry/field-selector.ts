// Field selectors: equality on metadata.name, metadata.namespace and what the kind makes selectable.
// Invariant: a field the kind does not offer is refused (400), never ignored.

import { badRequest } from "../errors/status.ts";
import type { KubeObject } from "../json.ts";
import type { Resource } from "../resources/resource.ts";

export type FieldSelector = (object: KubeObject) => boolean;

export interface ParsedFieldSelector {
  matches: FieldSelector;
  /** The name asked for by `metadata.name=x`, with which a list is a look-up. */
  name: string | undefined;
}

export function parseFieldSelector(resource: Resource, text: string): ParsedFieldSelector {
  if (text.trim() === "") return { matches: () => true, name: undefined };
  let name: string | undefined;
  const tests = text.split(",").map((part): FieldSelector => {
    const match = /^\s*([^=!\s]+)\s*(!=|==|=)\s*(.*?)\s*$/.exec(part);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = "", operator, value = ""] = match;
    const read = readerOf(resource, field);
    if (!read) {
      throw badRequest(resource.custom ? `field label not supported: ${field}` : fieldRefusal(resource, field));
    }
    if (field === "metadata.name" && operator !== "!=") name = value;
    return operator === "!=" ? (object) => read(object) !== value : (object) => read(object) === value;
  });
  return { matches: (object) => tests.every((test) => test(object)), name };
}

function fieldRefusal(resource: Resource, field: string): string {
  const known = Object.keys(resource.selectableFields).length > 0;
  return known
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function readerOf(resource: Resource, field: string): ((object: KubeObject) => string) | undefined {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace" && resource.namespaced) return (object) => object.metadata.namespace ?? "";
  return resource.selectableFields[field];
}
