// Strategic merge patch (apimachinery's strategicpatch): a merge patch that knows, from the schema, which lists are merged
// and by which key. Directives: `$patch: replace|merge|delete`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`,
// `$retainKeys`. Invariant: the document is not changed; the result has no directives in it.

import { badRequest, plainError } from "../errors/status.ts";
import { deepEqual, isObject, type Json, type JsonObject } from "../json.ts";
import { childOf, itemsOf, type Schema } from "../schema/schema.ts";

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

const strategies = (schema: Schema | undefined): string[] => schema?.["x-kubernetes-patch-strategy"]?.split(",") ?? [];

export function applyStrategicMerge(schema: Schema | undefined, document: JsonObject, patch: JsonObject): JsonObject {
  return mergeMap(schema, document, patch);
}

/** A value that the document does not have yet: directives are worked off against nothing. */
function fresh(schema: Schema | undefined, value: Json): Json {
  if (isObject(value)) return mergeMap(schema, {}, value);
  if (Array.isArray(value) && value.some((item) => isObject(item) && "$patch" in item))
    return mergeList(schema, [], value, undefined);
  if (Array.isArray(value)) return value.map((item) => fresh(itemsOf(schema), item));
  return value;
}

function mergeMap(schema: Schema | undefined, document: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch.$patch;
  if (directive === "replace") {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`unrecognized patch directive: unknown patch type ${String(directive)}`);

  const out: JsonObject = { ...document };
  const retain = patch.$retainKeys;
  if (Array.isArray(retain)) {
    for (const key of Object.keys(out)) if (!retain.includes(key)) delete out[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || key === "$patch" || key === "$retainKeys") continue;
    if (key.startsWith(deletePrefix)) {
      const field = key.slice(deletePrefix.length);
      const list = out[field];
      if (Array.isArray(list) && Array.isArray(value))
        out[field] = list.filter((item) => !value.some((gone) => deepEqual(gone, item)));
      continue;
    }
    if (key.startsWith(orderPrefix)) {
      const field = key.slice(orderPrefix.length);
      // When the patch also has the list, the order is dealt with there.
      const list = out[field];
      if (!(field in patch) && Array.isArray(list) && Array.isArray(value))
        out[field] = arrange(childOf(schema, field), list, value, list);
      continue;
    }
    const type = childOf(schema, key);
    const before = out[key];
    if (value === null) delete out[key];
    else if (isObject(value)) {
      if (isObject(before) && !strategies(type).includes("replace")) out[key] = mergeMap(type, before, value);
      else if (value.$patch === undefined || value.$patch === "merge") out[key] = fresh(type, value);
    } else if (Array.isArray(value)) {
      const order = patch[orderPrefix + key];
      out[key] = strategies(type).includes("merge")
        ? mergeList(type, Array.isArray(before) ? before : [], value, Array.isArray(order) ? order : undefined)
        : value.map((item) => fresh(itemsOf(type), item));
    } else out[key] = value;
  }
  return out;
}

/** As Go prints a map. */
function goMap(item: JsonObject): string {
  const members = Object.entries(item).map(([key, value]) => `${key}:${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `map[${members.sort().join(" ")}]`;
}

function mergeList(schema: Schema | undefined, list: Json[], patch: Json[], order: Json[] | undefined): Json[] {
  const key = schema?.["x-kubernetes-patch-merge-key"];
  if (key === undefined) {
    const out = [...list];
    for (const item of patch) if (!out.some((known) => deepEqual(known, item))) out.push(item);
    return arrange(schema, out, order ?? patch, list);
  }
  if (patch.some((item) => isObject(item) && item.$patch === "replace")) {
    return patch.filter((item) => !(isObject(item) && item.$patch === "replace"));
  }
  let out = [...list];
  const type = itemsOf(schema);
  for (const item of patch) {
    if (!isObject(item)) throw badRequest("expected an object in a list that is merged by key");
    const id = item[key];
    if (id === undefined) throw plainError(500, `map: ${goMap(item)} does not contain declared merge key: ${key}`);
    const index = out.findIndex((known) => isObject(known) && deepEqual(known[key], id));
    if (item.$patch === "delete") out = out.filter((known) => !(isObject(known) && deepEqual(known[key], id)));
    else if (index < 0) out.push(mergeMap(type, {}, item));
    else out[index] = mergeMap(type, out[index] as JsonObject, item);
  }
  const kept = patch.filter((item) => !(isObject(item) && item.$patch !== undefined));
  return arrange(schema, out, order ?? kept, list);
}

const placeIn = (schema: Schema | undefined, list: Json[], item: Json): number => {
  const key = schema?.["x-kubernetes-patch-merge-key"];
  const idOf = (one: Json): Json | undefined => (key !== undefined && isObject(one) ? one[key] : one);
  return list.findIndex((one) => deepEqual(idOf(one), idOf(item)));
};

/**
 * Items that the patch (or its $setElementOrder) names come in its order, the others in the server's; where the two meet,
 * an item of the server's goes first only if it stood before the other one on the server.
 */
function arrange(schema: Schema | undefined, merged: Json[], order: Json[], server: Json[]): Json[] {
  const place = (list: Json[], item: Json): number => placeIn(schema, list, item);
  const named = merged.filter((item) => place(order, item) >= 0).sort((a, b) => place(order, a) - place(order, b));
  const others = merged.filter((item) => place(order, item) < 0).sort((a, b) => place(server, a) - place(server, b));
  const out: Json[] = [];
  while (named.length > 0 || others.length > 0) {
    const [first] = named;
    const [other] = others;
    const before = first === undefined ? Infinity : place(server, first);
    if (other !== undefined && (first === undefined || (before >= 0 && place(server, other) < before))) out.push(others.shift()!);
    else out.push(named.shift()!);
  }
  return out;
}
