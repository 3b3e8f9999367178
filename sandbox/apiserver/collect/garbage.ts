// Garbage collection by ownerReferences: dependents of what is gone go too; foreground and orphan deletion are finished here.
// Invariants: an object goes only when all its owners are gone (by uid); an owner that waits for its dependents (foreground)
// stays until none that blocks it is left. Works on the store's events; a sweep at the start catches up after a restart.

import type { KubeObject, OwnerReference } from "../json.ts";
import type { Context } from "../registry/context.ts";
import { remove } from "../registry/remove.ts";
import { settle } from "../registry/write.ts";
import type { Resource } from "../resources/resource.ts";

interface Place {
  bucket: string;
  namespace: string;
  name: string;
}

export function startGarbageCollector(context: Context): () => void {
  const { store, catalogue } = context;
  const alive = new Set<string>();
  const dependents = new Map<string, Map<string, Place>>();
  let resources = new Map<string, Resource>();
  let seen = -1;
  const queue = new Set<() => void>();
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;

  /** The resource under whose stored form a bucket's objects are kept. */
  function resourceOf(bucket: string): Resource | undefined {
    if (seen !== catalogue.revision()) {
      seen = catalogue.revision();
      resources = new Map();
      for (const resource of catalogue.all()) {
        const stored = resource.storedAs === (resource.group === "" ? resource.version : `${resource.group}/${resource.version}`);
        if (stored || !resources.has(resource.bucket)) resources.set(resource.bucket, resource);
      }
    }
    return resources.get(bucket);
  }

  const placeOf = (bucket: string, object: KubeObject): Place => ({
    bucket,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
  });
  const fetch = (place: Place): KubeObject | undefined => store.get(place.bucket, place.namespace, place.name);

  function later(work: () => void): void {
    queue.add(work);
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      const works = [...queue];
      queue.clear();
      for (const one of works) if (!stopped) one();
    });
  }

  function note(bucket: string, object: KubeObject, previous: KubeObject | undefined): void {
    if (object.metadata.uid) alive.add(object.metadata.uid);
    const key = `${bucket}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    for (const owner of previous?.metadata.ownerReferences ?? []) dependents.get(owner.uid)?.delete(key);
    for (const owner of object.metadata.ownerReferences ?? []) {
      let places = dependents.get(owner.uid);
      if (!places) dependents.set(owner.uid, (places = new Map()));
      places.set(key, placeOf(bucket, object));
    }
  }

  const dependentsOf = (uid: string): { place: Place; object: KubeObject }[] =>
    [...(dependents.get(uid)?.values() ?? [])].flatMap((place) => {
      const object = fetch(place);
      return object?.metadata.ownerReferences?.some((owner) => owner.uid === uid) ? [{ place, object }] : [];
    });

  function isGone(owner: OwnerReference): boolean {
    // A uid that nobody has: the owner was deleted, or never was.
    return !alive.has(owner.uid);
  }

  function deleteDependent(place: Place, object: KubeObject, policy: string | undefined): void {
    const resource = resourceOf(place.bucket);
    if (!resource || object.metadata.deletionTimestamp !== undefined) return;
    remove(context, resource, place.namespace, place.name, {
      propagationPolicy: policy,
      gracePeriodSeconds: undefined,
      preconditions: object.metadata.uid ? { uid: object.metadata.uid } : {},
      dryRun: false,
    });
  }

  /** Deletes the object when its owners are gone, or takes the gone ones off its list. */
  function examine(place: Place): void {
    const object = fetch(place);
    const owners = object?.metadata.ownerReferences ?? [];
    if (!object || owners.length === 0 || !owners.some(isGone)) return;
    const left = owners.filter((owner) => !isGone(owner));
    // What is being deleted by its finalizer "orphan" must not take its dependents along.
    if (left.length === 0) deleteDependent(place, object, undefined);
    else rewrite(place, object, { ownerReferences: left });
  }

  function rewrite(place: Place, object: KubeObject, change: Partial<KubeObject["metadata"]>): void {
    const resource = resourceOf(place.bucket);
    if (!resource) return;
    const metadata = { ...object.metadata, ...change };
    for (const key of ["ownerReferences", "finalizers"] as const) if (metadata[key]?.length === 0) delete metadata[key];
    const live = resource.fromStored ? resource.fromStored(object) : object;
    settle(context, resource, { ...live, metadata });
  }

  function finishDeletion(place: Place): void {
    const owner = fetch(place);
    if (owner?.metadata.deletionTimestamp === undefined || !owner.metadata.uid) return;
    const { uid } = owner.metadata;
    const finalizers = owner.metadata.finalizers ?? [];
    if (finalizers.includes("orphan")) {
      for (const { place: at, object } of dependentsOf(uid)) {
        rewrite(at, object, {
          ownerReferences: (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid),
        });
      }
      drop(place, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) {
      let blocked = false;
      for (const { place: at, object } of dependentsOf(uid)) {
        const others = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid && !isGone(reference));
        if (others.length > 0) {
          rewrite(at, object, { ownerReferences: others });
          continue;
        }
        const blocks =
          object.metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true) ===
          true;
        deleteDependent(at, object, "Foreground");
        if (blocks && fetch(at)) blocked = true;
      }
      if (!blocked) drop(place, "foregroundDeletion");
    }
  }

  function drop(place: Place, finalizer: string): void {
    const object = fetch(place);
    if (object) rewrite(place, object, { finalizers: (object.metadata.finalizers ?? []).filter((one) => one !== finalizer) });
  }

  function consider(bucket: string, object: KubeObject): void {
    const place = placeOf(bucket, object);
    const finalizers = object.metadata.finalizers ?? [];
    if (
      object.metadata.deletionTimestamp !== undefined &&
      (finalizers.includes("orphan") || finalizers.includes("foregroundDeletion"))
    ) {
      later(() => finishDeletion(place));
    }
    if ((object.metadata.ownerReferences ?? []).some(isGone)) later(() => examine(place));
  }

  function forget(bucket: string, object: KubeObject): void {
    const { uid } = object.metadata;
    if (!uid) return;
    alive.delete(uid);
    for (const { place } of dependentsOf(uid)) later(() => examine(place));
    dependents.delete(uid);
    const key = `${bucket}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    for (const owner of object.metadata.ownerReferences ?? []) {
      dependents.get(owner.uid)?.delete(key);
      const waiting = ownerPlaces.get(owner.uid);
      if (waiting) later(() => finishDeletion(waiting));
    }
    ownerPlaces.delete(uid);
  }

  // Where those live that wait for dependents to go.
  const ownerPlaces = new Map<string, Place>();
  function noteWaiting(bucket: string, object: KubeObject): void {
    const { uid, deletionTimestamp, finalizers } = object.metadata;
    if (uid && deletionTimestamp !== undefined && finalizers?.includes("foregroundDeletion"))
      ownerPlaces.set(uid, placeOf(bucket, object));
  }

  const unsubscribe = store.subscribe((event) => {
    if (event.type === "DELETED") forget(event.bucket, event.object);
    else {
      note(event.bucket, event.object, event.previous);
      noteWaiting(event.bucket, event.object);
      consider(event.bucket, event.object);
    }
  });
  const buckets = new Set(catalogue.all().map((resource) => resource.bucket));
  for (const bucket of buckets) for (const object of store.list(bucket)) note(bucket, object, undefined);
  for (const bucket of buckets) {
    for (const object of store.list(bucket)) {
      noteWaiting(bucket, object);
      consider(bucket, object);
    }
  }
  return () => {
    stopped = true;
    unsubscribe();
    if (scheduled) clearImmediate(scheduled);
  };
}
