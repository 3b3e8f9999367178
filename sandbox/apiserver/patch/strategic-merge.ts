// Strategic merge patch (apimachinery's strategicpatch): a merge patch that knows, from the schema, which lists are merged
// and by which key. Directives: `$patch: replace|merge|delete`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`,
// `$retainKeys`. Invariant: the document is not changed; the result has no directives in it.

import { badRequest } from "../errors/status.ts";
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
        out[field] = reorder(childOf(schema, field), list, value);
      continue;
    }
    const type = childOf(schema, key);
    const before = out[key];
    if (value === null) delete out[key];
    else if (isObject(value)) {
      out[key] = isObject(before) && !strategies(type).includes("replace") ? mergeMap(type, before, value) : fresh(type, value);
    } else if (Array.isArray(value)) {
      const order = patch[orderPrefix + key];
      out[key] = strategies(type).includes("merge")
        ? mergeList(type, Array.isArray(before) ? before : [], value, Array.isArray(order) ? order : undefined)
        : value.map((item) => fresh(itemsOf(type), item));
    } else out[key] = value;
  }
  return out;
}

function mergeList(schema: Schema | undefined, list: Json[], patch: Json[], order: Json[] | undefined): Json[] {
  const key = schema?.["x-kubernetes-patch-merge-key"];
  if (key === undefined) {
    const out = [...list];
    for (const item of patch) if (!out.some((known) => deepEqual(known, item))) out.push(item);
    return order ? reorder(schema, out, order) : out;
  }
  if (patch.some((item) => isObject(item) && item.$patch === "replace")) {
    return patch.filter((item) => !(isObject(item) && item.$patch === "replace"));
  }
  let out = [...list];
  const type = itemsOf(schema);
  for (const item of patch) {
    if (!isObject(item)) throw badRequest("expected an object in a list that is merged by key");
    const id = item[key];
    if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = out.findIndex((known) => isObject(known) && deepEqual(known[key], id));
    if (item.$patch === "delete") out = out.filter((known) => !(isObject(known) && deepEqual(known[key], id)));
    else if (index < 0) out.push(mergeMap(type, {}, item));
    else out[index] = mergeMap(type, out[index] as JsonObject, item);
  }
  return order ? reorder(schema, out, order) : out;
}

/** Sorts the listed items as listed; the others keep their place relative to the listed ones they followed. */
function reorder(schema: Schema | undefined, list: Json[], order: Json[]): Json[] {
  const key = schema?.["x-kubernetes-patch-merge-key"];
  const idOf = (item: Json): Json | undefined => (key !== undefined && isObject(item) ? item[key] : item);
  const placeOf = (item: Json): number => order.findIndex((wanted) => deepEqual(idOf(wanted), idOf(item)));
  const listed = list.filter((item) => placeOf(item) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
  const others = list.filter((item) => placeOf(item) < 0);
  const out: Json[] = [];
  const position = new Map(list.map((item, index) => [item, index]));
  while (listed.length > 0 || others.length > 0) {
    const first = listed[0];
    const other = others[0];
    if (other !== undefined && (first === undefined || position.get(other)! < position.get(first)!)) out.push(others.shift()!);
    else out.push(listed.shift()!);
  }
  return out;
}
