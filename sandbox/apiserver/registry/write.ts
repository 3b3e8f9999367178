// Create and update, the same way for every kind (apiserver's generic registry store).
// Invariants: an update that changes nothing writes nothing; status and spec are written by their own endpoints only;
// an object whose deletion was asked for goes as soon as its last finalizer is gone.

import { recordUpdate, type Writer } from "../apply/field-manager.ts";
import { emptySet, setOf, type FieldSet } from "../apply/field-set.ts";
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound, plainError, type Cause } from "../errors/status.ts";
import { invalidValue } from "../errors/field-error.ts";
import { clone, deepEqual, isObject, type JsonObject, type KubeObject, type ObjectMeta } from "../json.ts";
import { childOf, type Schema } from "../schema/schema.ts";
import { apiVersionOf, groupResource, type Resource } from "../resources/resource.ts";
import { admitCreate } from "./admission.ts";
import type { Context, WriteOptions } from "./context.ts";
import { fillForCreate, timestamp, validateMetadata, validateMetadataUpdate } from "./metadata.ts";

export function writerOf(context: Context, resource: Resource, subresource: string, options: WriteOptions): Writer {
  return {
    manager: options.fieldManager,
    subresource,
    // The real server forgets the time of scale writers.
    time: subresource === "scale" ? undefined : timestamp(context.now()),
    ignored: ignoredFields(resource, subresource),
  };
}

function ignoredFields(resource: Resource, subresource: string): FieldSet {
  if (!resource.hasStatus || subresource === "scale") return emptySet();
  if (subresource === "status") return setOf(["f:spec"]);
  return setOf(["f:status"]);
}

/** Adds what Go writes for a struct that nobody filled in: structs and plain values as they are, required lists and pointers as null. */
function zeroValue(schema: Schema, value: JsonObject): void {
  for (const key of Object.keys(schema.properties ?? {})) {
    const child = childOf(schema, key)!;
    if (value[key] === undefined && child.default !== undefined) value[key] = clone(child.default);
    else if (value[key] === undefined && schema.required?.includes(key)) value[key] = null;
    const member = value[key];
    if (isObject(member) && key !== "metadata") zeroValue(child, member);
  }
}

/** What a Go client would decode an empty object to: what a create is compared with. */
export function emptyObject(resource: Resource): KubeObject {
  const object: KubeObject = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: {} as ObjectMeta };
  if (!resource.custom) zeroValue(resource.schema, object);
  for (const field of resource.strategy.nulls ?? []) object[field] = null;
  return object;
}

export function toStored(resource: Resource, object: KubeObject): KubeObject {
  if (resource.toStored) return resource.toStored(object);
  return object.apiVersion === resource.storedAs ? object : { ...object, apiVersion: resource.storedAs };
}

export function fromStored(resource: Resource, object: KubeObject): KubeObject {
  if (resource.fromStored) return resource.fromStored(object);
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function matchNamespace(resource: Resource, object: KubeObject, namespace: string): void {
  if (!resource.namespaced) {
    if (object.metadata.namespace)
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    return;
  }
  if (object.metadata.namespace && object.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  object.metadata.namespace = namespace;
}

function refuse(resource: Resource, name: string, causes: Cause[]): void {
  if (causes.length > 0) throw invalid(resource.group, resource.kind, name, causes);
}

export function create(
  context: Context,
  resource: Resource,
  namespace: string,
  object: KubeObject,
  options: WriteOptions,
): KubeObject {
  matchNamespace(resource, object, namespace);
  if (object.metadata.resourceVersion) throw plainError(500, "resourceVersion should not be set on objects to be created");
  fillForCreate(object, context.now());
  if (resource.hasStatus && resource.custom) delete object.status;
  // Owners first: what the strategy adds from here on belongs to nobody.
  recordUpdate(resource, emptyObject(resource), object, writerOf(context, resource, "", options));
  resource.strategy.prepareForCreate?.(object);
  if (resource.countsGenerations) object.metadata.generation = 1;
  return insert(context, resource, object, options);
}

/** The last part of a create, which server-side apply shares. */
export function insert(context: Context, resource: Resource, object: KubeObject, options: WriteOptions): KubeObject {
  const { name, namespace = "" } = object.metadata;
  admitCreate(context, resource, object);
  refuse(resource, name ?? "", [...validateMetadata(resource, object.metadata), ...(resource.strategy.validate?.(object) ?? [])]);
  if (context.store.get(resource.bucket, namespace, name)) throw alreadyExists(groupResource(resource), name);
  if (options.dryRun) return object;
  return fromStored(resource, context.store.put(resource.bucket, toStored(resource, object)));
}

export interface UpdateRequest {
  namespace: string;
  name: string;
  /** "" or "status" (others are worked off before they come here). */
  subresource: string;
  /** Gives the new object from the live one, which it must not change. */
  change: (live: KubeObject) => KubeObject;
  /** What to do when nothing is stored under the name. */
  absent?: () => KubeObject;
  /** True for a replacement, whose uid and version are preconditions. */
  replaces?: boolean;
  /** True when `change` has written managedFields itself. */
  ownsManagedFields?: boolean;
}

export function update(context: Context, resource: Resource, request: UpdateRequest, options: WriteOptions): KubeObject {
  const { namespace, name, subresource } = request;
  const stored = context.store.get(resource.bucket, namespace, name);
  if (!stored) {
    if (request.absent) return request.absent();
    throw notFound(groupResource(resource), name);
  }
  const live = fromStored(resource, stored);
  const changed = request.change(live);
  const next = { ...changed, metadata: { ...changed.metadata } };
  matchNamespace(resource, next, namespace);
  if (next.metadata.name !== name) {
    if (!next.metadata.name) throw badRequest("name must be provided");
    throw badRequest(`the name of the object (${next.metadata.name}) does not match the name on the URL (${name})`);
  }
  checkVersion(resource, live, next, request.replaces === true);
  keepSystemFields(next, live);
  if (!request.ownsManagedFields) recordUpdate(resource, live, next, writerOf(context, resource, subresource, options));
  keepOtherPart(resource, next, live, subresource);
  resource.strategy.prepareForUpdate?.(next, live);
  if (resource.countsGenerations && subresource !== "status" && specChanged(resource, next, live)) {
    next.metadata.generation = (live.metadata.generation ?? 0) + 1;
  }
  refuse(resource, name, [
    ...validateMetadata(resource, next.metadata),
    ...validateMetadataUpdate(next.metadata, live.metadata),
    ...(resource.strategy.validateUpdate ?? resource.strategy.validate ?? (() => []))(next, live),
  ]);
  if (deepEqual(next, live)) return live;
  if (options.dryRun) return next;
  return settle(context, resource, next);
}

/** Writes, or removes what only waited for this write to be gone. */
export function settle(context: Context, resource: Resource, next: KubeObject): KubeObject {
  const { metadata } = next;
  const dying = metadata.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) === 0;
  const stored = toStored(resource, clone(next));
  if (dying && (metadata.finalizers?.length ?? 0) === 0 && !namespaceFinalizers(resource, next)) {
    return fromStored(resource, context.store.remove(resource.bucket, stored));
  }
  return fromStored(resource, context.store.put(resource.bucket, stored));
}

function namespaceFinalizers(resource: Resource, object: KubeObject): boolean {
  if (resource.bucket !== "namespaces") return false;
  const finalizers = (object.spec as { finalizers?: string[] } | undefined)?.finalizers;
  return (finalizers?.length ?? 0) > 0;
}

function checkVersion(resource: Resource, live: KubeObject, next: KubeObject, replaces: boolean): void {
  const { name } = live.metadata;
  const asked = next.metadata.resourceVersion;
  if (!asked) {
    if (resource.custom) {
      throw invalid(resource.group, resource.plural, name, [
        invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
      ]);
    }
  } else if (!/^[0-9]+$/.test(asked)) {
    refuse(resource, name, [
      invalidValue("metadata.resourceVersion", asked, "strconv.ParseUint: parsing " + JSON.stringify(asked) + ": invalid syntax"),
    ]);
  } else if (asked !== live.metadata.resourceVersion) throw conflict(groupResource(resource), name);
  next.metadata.resourceVersion = live.metadata.resourceVersion!;
  const { uid } = next.metadata;
  if (uid && uid !== live.metadata.uid && !replaces)
    refuse(resource, name, [invalidValue("metadata.uid", uid, "field is immutable")]);
  if (uid && uid !== live.metadata.uid) {
    throw new ApiError(
      409,
      "Conflict",
      `Operation cannot be fulfilled on ${resource.plural}${resource.group === "" ? "" : `.${resource.group}`} "${name}": ` +
        `StorageError: invalid object, Code: 4, Key: /registry/${resource.plural}/${name}, ResourceVersion: 0, AdditionalErrorMsg: ` +
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ""}`,
      { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural },
    );
  }
}

function keepSystemFields(next: KubeObject, live: KubeObject): void {
  for (const key of [
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
  ] as const) {
    const value = live.metadata[key];
    if (value === undefined) delete next.metadata[key];
    else (next.metadata as Record<string, unknown>)[key] = value;
  }
}

/** The status endpoint writes status alone, the main endpoint all but status. */
function keepOtherPart(resource: Resource, next: KubeObject, live: KubeObject, subresource: string): void {
  if (!resource.hasStatus) return;
  if (subresource !== "status") {
    if (live.status === undefined) delete next.status;
    else next.status = live.status;
    return;
  }
  const { status, metadata } = next;
  const { managedFields } = metadata;
  for (const key of Object.keys(next)) if (!(key in live)) delete next[key];
  if (resource.custom) next.metadata = { ...live.metadata };
  else {
    next.metadata = { ...metadata };
    if (live.metadata.ownerReferences) next.metadata.ownerReferences = live.metadata.ownerReferences;
    else delete next.metadata.ownerReferences;
  }
  if (managedFields) next.metadata.managedFields = managedFields;
  for (const key of Object.keys(live)) if (!["apiVersion", "kind", "metadata", "status"].includes(key)) next[key] = live[key];
  if (status === undefined) delete next.status;
  else next.status = status;
}

function specChanged(resource: Resource, next: KubeObject, live: KubeObject): boolean {
  if (!resource.custom) return !deepEqual(next.spec, live.spec);
  const strip = ({ metadata: _m, status, ...rest }: KubeObject): object => (resource.hasStatus ? rest : { ...rest, status });
  return !deepEqual(strip(next), strip(live));
}
