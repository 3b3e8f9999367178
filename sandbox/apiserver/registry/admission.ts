// What a new object is held against that is stored elsewhere: its namespace, and of a pod its service account and priority.

import { forbidden, notFound } from "../errors/status.ts";
import { isObject, type KubeObject } from "../json.ts";
import { groupResource, type Resource } from "../resources/resource.ts";
import type { Context } from "./context.ts";

const systemPriorities: Record<string, number> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

function requireNamespace(context: Context, resource: Resource, object: KubeObject): void {
  const { name, namespace = "" } = object.metadata;
  const found = context.store.get("namespaces", "", namespace);
  if (!found) throw notFound({ group: "", resource: "namespaces" }, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  throw forbidden(groupResource(resource), name, why, [cause]);
}

function admitPod(context: Context, resource: Resource, object: KubeObject): void {
  if (!isObject(object.spec)) return;
  const { name, namespace = "" } = object.metadata;
  const account = String(object.spec.serviceAccountName ?? "default");
  if (!context.store.get("serviceaccounts", namespace, account)) {
    throw forbidden(
      groupResource(resource),
      name,
      `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`,
    );
  }
  const wanted = object.spec.priorityClassName;
  if (typeof wanted !== "string" || wanted === "") return;
  const priorityClass = context.store.get("scheduling.k8s.io/priorityclasses", "", wanted);
  const value = systemPriorities[wanted] ?? priorityClass?.value;
  if (typeof value !== "number") throw forbidden(groupResource(resource), name, `no PriorityClass with name ${wanted} was found`);
  object.spec.priority = value;
  if (typeof priorityClass?.preemptionPolicy === "string") object.spec.preemptionPolicy = priorityClass.preemptionPolicy;
}

/** May set fields of the object. Throws ApiError 403 or 404. */
export function admitCreate(context: Context, resource: Resource, object: KubeObject): void {
  if (resource.namespaced) requireNamespace(context, resource, object);
  if (resource.bucket === "pods") admitPod(context, resource, object);
}
