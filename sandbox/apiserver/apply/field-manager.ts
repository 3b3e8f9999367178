// Who owns which field, kept at every write; and server-side apply itself (structured-merge-diff's Updater).
// Invariant: a field that a write changed is afterwards owned by its writer and, of the others, only by appliers who agree.

import { ApiError } from "../errors/status.ts";
import { deepEqual, type JsonObject, type KubeObject } from "../json.ts";
import { apiVersionOf, type Resource } from "../resources/resource.ts";
import {
  difference,
  emptySet,
  intersection,
  isEmpty,
  pathsOf,
  pathText,
  recursiveDifference,
  sameSet,
  setOf,
  union,
  type FieldSet,
} from "./field-set.ts";
import { managerKey, readManagers, writeManagers, type Manager, type Managers } from "./managed-fields.ts";
import { compare, fieldSetOf, merge, removeFields, withNamedFields, type Comparison } from "./walk.ts";

export interface Writer {
  manager: string;
  subresource: string;
  /** RFC 3339 seconds. */
  time: string | undefined;
  /** Fields this endpoint does not write, and which its writers therefore never own. */
  ignored: FieldSet;
}

const most = 10;
const oldManagers = "ancient-changes";

/** Never owned by anybody: the server's own, or the object's identity. */
const unowned = setOf(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ["f:metadata", "f:name"],
  ["f:metadata", "f:namespace"],
  ["f:metadata", "f:creationTimestamp"],
  ["f:metadata", "f:selfLink"],
  ["f:metadata", "f:uid"],
  ["f:metadata", "f:clusterName"],
  ["f:metadata", "f:generation"],
  ["f:metadata", "f:managedFields"],
  ["f:metadata", "f:resourceVersion"],
);

function withoutManagedFields(object: KubeObject): JsonObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function takeFromOthers(managers: Managers, self: string, change: Comparison): void {
  const lost = union(union(change.modified, change.added), change.removed);
  for (const [key, other] of managers) {
    if (key === self) continue;
    const fields = difference(other.fields, lost);
    if (isEmpty(fields)) managers.delete(key);
    else managers.set(key, { ...other, fields });
  }
}

function visible(change: Comparison, ignored: FieldSet): Comparison {
  const cut = (set: FieldSet): FieldSet => recursiveDifference(set, ignored);
  return { added: cut(change.added), modified: cut(change.modified), removed: cut(change.removed) };
}

/**
 * Records an update (create, replace, or a patch other than apply) in `next.metadata.managedFields`.
 * `live` is what was stored before, or the empty object that a create starts from.
 */
export function recordUpdate(resource: Resource, live: KubeObject, next: KubeObject, writer: Writer): void {
  const asked = next.metadata.managedFields;
  // One empty entry says: forget all managers. An object that nobody is tracked for stays so until it is applied.
  const reset = asked?.length === 1 && Object.keys(asked[0]!).length === 0;
  const untracked =
    live.metadata.uid !== undefined && (live.metadata.managedFields?.length ?? 0) === 0 && (asked?.length ?? 0) === 0;
  let managers: Managers;
  try {
    managers = reset ? new Map() : readManagers(asked?.length ? asked : live.metadata.managedFields);
  } catch {
    managers = readManagers(live.metadata.managedFields);
  }
  if (reset || untracked) {
    delete next.metadata.managedFields;
    return;
  }
  let change: Comparison;
  try {
    change = visible(compare(resource.schema, withoutManagedFields(live), withoutManagedFields(next)), writer.ignored);
  } catch {
    // A list whose items have no names: validation will say so; nobody comes to own anything by it.
    return;
  }
  takeFromOthers(managers, "", change);
  const own = difference(difference(union(change.modified, change.added), change.removed), unowned);
  if (!isEmpty(own)) {
    const apiVersion = apiVersionOf(resource);
    const self: Manager = {
      manager: writer.manager,
      operation: "Update",
      apiVersion,
      subresource: writer.subresource,
      time: writer.time,
      fields: own,
    };
    const key = managerKey(self);
    const before = managers.get(key);
    managers.set(key, before ? { ...self, fields: union(before.fields, own) } : self);
    foldOldest(managers);
  }
  for (const [key, manager] of managers) managers.set(key, { ...manager, fields: difference(manager.fields, unowned) });
  const entries = writeManagers(managers);
  if (entries.length > 0) next.metadata.managedFields = entries;
  else delete next.metadata.managedFields;
}

/** No more than ten updaters are kept apart; the oldest are counted as one. */
function foldOldest(managers: Managers): void {
  const updaters = [...managers.entries()].filter(([, manager]) => manager.operation === "Update");
  if (updaters.length <= most) return;
  updaters.sort(([, a], [, b]) => ((a.time ?? "") < (b.time ?? "") ? -1 : (a.time ?? "") > (b.time ?? "") ? 1 : 0));
  for (const [key, manager] of updaters.slice(0, updaters.length - most + 1)) {
    managers.delete(key);
    const folded = { ...manager, manager: oldManagers };
    const before = managers.get(managerKey(folded));
    managers.set(managerKey(folded), before ? { ...folded, fields: union(before.fields, manager.fields) } : folded);
  }
}

export interface Applied {
  object: KubeObject;
  /** False when nothing but, at most, ownership differs from the live object. */
  changed: boolean;
}

/**
 * Server-side apply of `config` on `live`.
 * @throws ApiError 409 with the conflicting fields unless `force`; a plain Error when the configuration does not fit the schema.
 */
export function apply(resource: Resource, live: KubeObject, config: KubeObject, writer: Writer, force: boolean): Applied {
  const managers = readManagers(live.metadata.managedFields);
  const apiVersion = apiVersionOf(resource);
  const schema = resource.schema;
  // An object from before anybody was tracked: what it has belongs to nobody in particular.
  if (managers.size === 0 && live.metadata.uid !== undefined) {
    const manager: Manager = {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion,
      subresource: "",
      time: writer.time,
      fields: emptySet(),
    };
    manager.fields = difference(fieldSetOf(schema, withoutManagedFields(live)), unowned);
    managers.set(managerKey(manager), manager);
  }
  const base = withoutManagedFields(live);
  const wanted = withoutManagedFields(config);
  const self: Manager = {
    manager: writer.manager,
    operation: "Apply",
    apiVersion,
    subresource: writer.subresource,
    time: writer.time,
    fields: emptySet(),
  };
  const key = managerKey(self);
  const last = managers.get(key);
  const kept = recursiveDifference(fieldSetOf(schema, wanted), writer.ignored);
  managers.set(key, { ...self, time: last?.time, fields: kept });
  const pruned = prune(resource, merge(schema, base, wanted) as JsonObject, managers, last?.fields);

  const change = visible(compare(schema, base, pruned), writer.ignored);
  const taken = union(change.modified, change.added);
  const conflicts: [Manager, FieldSet][] = [];
  for (const [other, manager] of managers) {
    if (other === key) continue;
    const both = intersection(manager.fields, taken);
    if (!isEmpty(both)) conflicts.push([manager, both]);
  }
  if (conflicts.length > 0 && !force && !agreedByLastApplied(live, writer, schema, conflicts)) throw conflictError(conflicts);
  takeFromOthers(managers, key, change);
  for (const [other, manager] of managers) managers.set(other, { ...manager, fields: difference(manager.fields, unowned) });

  const changed = !deepEqual(base, pruned);
  const mine = managers.get(key);
  if (mine && changed) managers.set(key, { ...mine, time: writer.time });
  const object = { ...pruned, metadata: { ...(pruned.metadata as JsonObject) } } as KubeObject;
  const entries = writeManagers(managers);
  if (entries.length > 0) object.metadata.managedFields = entries;
  const sameOwners = last !== undefined && mine !== undefined && sameSet(last.fields, mine.fields);
  return { object, changed: changed || !sameOwners };
}

/** Takes out what the applier owned before and no longer mentions, unless somebody else owns it too. */
function prune(resource: Resource, merged: JsonObject, managers: Managers, last: FieldSet | undefined): JsonObject {
  if (!last || isEmpty(last)) return merged;
  const schema = resource.schema;
  const named = (set: FieldSet): FieldSet => withNamedFields(schema, set);
  const strip = (value: JsonObject, fields: FieldSet): JsonObject => (removeFields(schema, value, fields) ?? {}) as JsonObject;
  let pruned = strip(merged, named(last));
  const mergedFields = named(fieldSetOf(schema, merged));
  let owned = emptySet();
  for (const manager of managers.values()) owned = union(owned, manager.fields);
  pruned = strip(merged, difference(mergedFields, union(named(fieldSetOf(schema, pruned)), named(owned))));
  return strip(merged, intersection(difference(mergedFields, named(fieldSetOf(schema, pruned))), named(last)));
}

/** A `kubectl apply` turned server-side owns what its last client-side apply wrote. */
function agreedByLastApplied(
  live: KubeObject,
  writer: Writer,
  schema: Resource["schema"],
  conflicts: [Manager, FieldSet][],
): boolean {
  if (writer.manager !== "kubectl") return false;
  const annotation = live.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
  if (annotation === undefined) return false;
  try {
    const before = fieldSetOf(schema, JSON.parse(annotation) as JsonObject);
    return conflicts.every(([, fields]) => isEmpty(difference(fields, before)));
  } catch {
    return false;
  }
}

function conflictError(conflicts: [Manager, FieldSet][]): ApiError {
  const described = conflicts
    .map(([manager, fields]) => ({ text: describe(manager), paths: pathsOf(fields).map(pathText) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  const causes = described.flatMap(({ text, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${text}`, field })),
  );
  let message: string;
  if (causes.length === 1) message = `Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`;
  else {
    const parts = described.map(({ text, paths }) => `conflicts with ${text}:\n${paths.map((path) => `- ${path}`).join("\n")}`);
    message = `Apply failed with ${causes.length} conflicts: ${parts.join("\n")}`;
  }
  return new ApiError(409, "Conflict", message, { causes });
}

function describe(manager: Manager): string {
  const version = manager.operation === "Update" ? ` using ${manager.apiVersion}` : "";
  const subresource = manager.subresource === "" ? "" : ` with subresource ${JSON.stringify(manager.subresource)}`;
  return `${JSON.stringify(manager.manager)}${subresource}${version}`;
}
