// Namespaces: each gets its "default" service account and the cluster's CA bundle; a deleted one is emptied first.
// Invariant: a namespace goes only after the last object in it.

import { clone, isObject, type KubeObject } from "../json.ts";
import { create } from "../registry/write.ts";
import type { Context } from "../registry/context.ts";
import { remove } from "../registry/remove.ts";

export const firstNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

export function startNamespaces(context: Context, certificate: string): () => void {
  const { store, catalogue } = context;
  const options = { dryRun: false, fieldManager: "sandbox", fieldValidation: "Ignore" as const, force: false, warnings: [] };
  const pending = new Set<string>();
  let scheduled: NodeJS.Immediate | undefined;

  function furnish(name: string): void {
    const meta = (object: string) => ({ name: object, namespace: name });
    if (!store.get("serviceaccounts", name, "default")) {
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("default") };
      create(context, catalogue.find("", "v1", "serviceaccounts")!, name, account, options);
    }
    if (!store.get("configmaps", name, "kube-root-ca.crt")) {
      const bundle = { apiVersion: "v1", kind: "ConfigMap", metadata: meta("kube-root-ca.crt"), data: { "ca.crt": certificate } };
      create(context, catalogue.find("", "v1", "configmaps")!, name, bundle, options);
    }
  }

  function buckets(): Set<string> {
    return new Set(
      catalogue
        .all()
        .filter((resource) => resource.namespaced)
        .map((resource) => resource.bucket),
    );
  }

  function empty(name: string): void {
    const namespace = store.get("namespaces", "", name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    let left = 0;
    for (const bucket of buckets()) {
      const resource = catalogue.all().find((one) => one.bucket === bucket)!;
      for (const object of store.list(bucket, name)) {
        if (object.metadata.deletionTimestamp === undefined) {
          remove(context, resource, name, object.metadata.name, {
            propagationPolicy: "Background",
            gracePeriodSeconds: undefined,
            preconditions: {},
            dryRun: false,
          });
        }
        if (store.get(bucket, name, object.metadata.name)) left++;
      }
    }
    if (left === 0) finalize(namespace);
  }

  function finalize(namespace: KubeObject): void {
    const next = clone(namespace);
    if (isObject(next.spec)) delete next.spec.finalizers;
    if ((next.metadata.finalizers?.length ?? 0) === 0) store.remove("namespaces", next);
    else if (isObject(namespace.spec) && Array.isArray(namespace.spec.finalizers)) store.put("namespaces", next);
  }

  function later(name: string): void {
    pending.add(name);
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      const names = [...pending];
      pending.clear();
      for (const one of names) tend(one);
    });
  }

  function tend(name: string): void {
    const namespace = store.get("namespaces", "", name);
    if (!namespace) return;
    if (namespace.metadata.deletionTimestamp === undefined) furnish(name);
    else empty(name);
  }

  for (const name of firstNamespaces) {
    if (!store.get("namespaces", "", name)) {
      const namespace = {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      };
      create(context, catalogue.find("", "v1", "namespaces")!, "", namespace, options);
    }
  }
  for (const namespace of store.list("namespaces")) tend(namespace.metadata.name);

  const unsubscribe = store.subscribe((event) => {
    if (event.bucket === "namespaces") {
      if (event.type !== "DELETED") later(event.object.metadata.name);
    } else if (event.type === "DELETED") {
      const { namespace } = event.object.metadata;
      const owner = namespace ? store.get("namespaces", "", namespace) : undefined;
      // Its own furniture comes back when it is removed.
      if (namespace && (owner?.metadata.deletionTimestamp !== undefined || event.bucket === "serviceaccounts")) later(namespace);
    }
  });
  return () => {
    unsubscribe();
    if (scheduled) clearImmediate(scheduled);
  };
}
