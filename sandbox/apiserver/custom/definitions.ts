// Keeps the catalogue in step with the stored CustomResourceDefinitions, sets their conditions, and empties a kind whose
// definition is being deleted. Invariant: a definition is Established exactly when its kinds are in the catalogue.

import { clone, deepEqual, isObject, objectAt, objectsAt, type JsonObject, type KubeObject } from "../json.ts";
import type { Context } from "../registry/context.ts";
import { timestamp } from "../registry/metadata.ts";
import { remove } from "../registry/remove.ts";
import type { Resource } from "../resources/resource.ts";
import { customResources } from "./custom-resources.ts";

export const definitionsBucket = "apiextensions.k8s.io/customresourcedefinitions";
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

function condition(type: string, holds: boolean, reason: string, message: string, time: string): JsonObject {
  return { lastTransitionTime: time, message, reason, status: holds ? "True" : "False", type };
}

/** The name that another definition or a built-in kind has already, if any. */
function takenName(context: Context, definition: KubeObject): string | undefined {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const mine = new Set([names.plural, names.singular, ...(Array.isArray(names.shortNames) ? names.shortNames : [])]);
  const bucket = `${String(spec.group)}/${String(names.plural)}`;
  for (const other of context.catalogue.all()) {
    if (other.group !== spec.group || other.bucket === bucket) continue;
    for (const name of [other.plural, other.singular, ...other.shortNames]) if (mine.has(name)) return name;
    if (other.kind === names.kind) return other.kind;
  }
  return undefined;
}

function statusOf(context: Context, definition: KubeObject): JsonObject {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const before = objectAt(definition, "status");
  const taken = takenName(context, definition);
  const now = timestamp(context.now());
  const storage = objectsAt(spec, "versions").find((version) => version.storage === true);
  const stored = Array.isArray(before.storedVersions) ? before.storedVersions.map(String) : [];
  const wanted = [
    taken === undefined
      ? condition("NamesAccepted", true, "NoConflicts", "no conflicts found", now)
      : condition("NamesAccepted", false, "NameConflict", `${JSON.stringify(taken)} is already in use`, now),
    taken === undefined
      ? condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted", now)
      : condition("Established", false, "NotAccepted", "not all names are accepted", now),
  ];
  if (definition.metadata.deletionTimestamp !== undefined) {
    wanted.push(condition("Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", now));
  }
  const known = objectsAt(before, "conditions");
  const conditions = wanted.map((one) => {
    const old = known.find((other) => other.type === one.type);
    return old && old.status === one.status ? { ...one, lastTransitionTime: old.lastTransitionTime } : one;
  });
  const version = String(storage?.name);
  return { acceptedNames: clone(names), conditions, storedVersions: stored.includes(version) ? stored : [...stored, version] };
}

export function startDefinitions(context: Context): () => void {
  const { store, catalogue } = context;

  function serve(definition: KubeObject): void {
    const established = objectsAt(objectAt(definition, "status"), "conditions").some(
      (one) => one.type === "Established" && one.status === "True",
    );
    catalogue.setCustom(definition.metadata.name, established ? customResources(definition) : []);
  }

  function settle(definition: KubeObject): void {
    const status = statusOf(context, definition);
    if (!deepEqual(status, definition.status)) {
      store.put(definitionsBucket, { ...definition, metadata: { ...definition.metadata }, status });
      return;
    }
    serve(definition);
    if (definition.metadata.deletionTimestamp !== undefined) empty(definition);
  }

  function empty(definition: KubeObject): void {
    const kinds = catalogue
      .all()
      .filter((resource) => resource.custom && definition.metadata.name === `${resource.plural}.${resource.group}`);
    const [resource] = kinds;
    for (const object of resource ? store.list(resource.bucket) : []) deleteInstance(resource!, object);
    if (resource && store.list(resource.bucket).length > 0) return;
    const finalizers = (definition.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
    const next: KubeObject = { ...definition, metadata: { ...definition.metadata, finalizers } };
    if (finalizers.length > 0) store.put(definitionsBucket, next);
    else store.remove(definitionsBucket, next);
  }

  function deleteInstance(resource: Resource, object: KubeObject): void {
    if (object.metadata.deletionTimestamp !== undefined) return;
    const { namespace = "", name } = object.metadata;
    remove(context, resource, namespace, name, {
      propagationPolicy: undefined,
      gracePeriodSeconds: undefined,
      preconditions: {},
      dryRun: false,
    });
  }

  for (const definition of store.list(definitionsBucket)) serve(definition);
  for (const definition of store.list(definitionsBucket)) settle(definition);
  return store.subscribe((event) => {
    if (event.bucket === definitionsBucket) {
      if (event.type === "DELETED") catalogue.setCustom(event.object.metadata.name, []);
      else if (store.get(definitionsBucket, "", event.object.metadata.name) === event.object) settle(event.object);
    } else if (event.type === "DELETED") {
      // The last instance of a kind may be what its definition waits for.
      const [group, plural] = event.bucket.split("/");
      const definition = plural === undefined ? undefined : store.get(definitionsBucket, "", `${plural}.${group}`);
      if (definition?.metadata.deletionTimestamp !== undefined && isObject(definition)) empty(definition);
    }
  });
}
