// Deletion: at once, after a grace period, or after finalizers; alone, with dependents, or leaving them orphaned.
// Invariant: an object with finalizers is only marked; its dependents are the garbage collector's business.

import { ApiError, badRequest, conflict, notFound, success, type StatusBody } from "../errors/status.ts";
import { isObject, type Json, type JsonObject, type KubeObject } from "../json.ts";
import { groupResource, type Resource } from "../resources/resource.ts";
import type { Context } from "./context.ts";
import { timestamp } from "./metadata.ts";
import { fromStored, settle } from "./write.ts";

export interface DeleteOptions {
  propagationPolicy: string | undefined;
  gracePeriodSeconds: number | undefined;
  preconditions: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** From the body of the request, or, where that says nothing, its query. */
export function deleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions {
  const options: JsonObject = isObject(body) ? body : {};
  const grace =
    options.gracePeriodSeconds ?? (query.has("gracePeriodSeconds") ? Number(query.get("gracePeriodSeconds")) : undefined);
  const policy = options.propagationPolicy ?? query.get("propagationPolicy") ?? undefined;
  const orphan = options.orphanDependents ?? (query.has("orphanDependents") ? query.get("orphanDependents") === "true" : undefined);
  if (policy !== undefined && orphan !== undefined) {
    throw new ApiError(
      422,
      "Invalid",
      'DeleteOptions.meta.k8s.io "" is invalid: orphanDependents: Invalid value: "orphanDependents and deletionPropagation cannot be both set"',
    );
  }
  if (policy !== undefined && !["Background", "Foreground", "Orphan"].includes(policy as string)) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`;
    throw new ApiError(422, "Invalid", `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: ${message}`, {
      group: "meta.k8s.io",
      kind: "DeleteOptions",
      causes: [{ reason: "FieldValueNotSupported", message, field: "propagationPolicy" }],
    });
  }
  if (grace !== undefined && (typeof grace !== "number" || !Number.isInteger(grace)))
    throw badRequest("invalid gracePeriodSeconds");
  const dryRun = options.dryRun ?? (query.has("dryRun") ? query.getAll("dryRun") : undefined);
  const given = isObject(options.preconditions) ? options.preconditions : {};
  return {
    propagationPolicy: (policy as string | undefined) ?? (orphan === true ? "Orphan" : orphan === false ? "Background" : undefined),
    gracePeriodSeconds: grace as number | undefined,
    preconditions: {
      ...(typeof given.uid === "string" ? { uid: given.uid } : {}),
      ...(typeof given.resourceVersion === "string" ? { resourceVersion: given.resourceVersion } : {}),
    },
    dryRun: Array.isArray(dryRun) && dryRun.includes("All"),
  };
}

function checkPreconditions(
  resource: Resource,
  object: KubeObject,
  { uid, resourceVersion }: DeleteOptions["preconditions"],
): void {
  const { metadata } = object;
  const refuse = (what: string, asked: string, is: string, perhaps: string): never => {
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${is}). The object might have been ${perhaps}`;
    throw conflict({ group: resource.group, resource: resource.kind }, metadata.name, why);
  };
  if (uid !== undefined && uid !== metadata.uid) refuse("UID", uid, metadata.uid ?? "", "deleted and then recreated");
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    refuse("ResourceVersion", resourceVersion, metadata.resourceVersion ?? "", "modified");
  }
}

export interface Deletion {
  /** What is sent back: the object, or a Status when it is gone. */
  answer: KubeObject | StatusBody;
  /** True when nothing is left of it. */
  gone: boolean;
}

export function remove(context: Context, resource: Resource, namespace: string, name: string, options: DeleteOptions): Deletion {
  const stored = context.store.get(resource.bucket, namespace, name);
  if (!stored) throw notFound(groupResource(resource), name);
  const live = fromStored(resource, stored);
  checkPreconditions(resource, live, options.preconditions);

  const metadata = { ...live.metadata };
  const next: KubeObject = { ...live, metadata };
  const grace = resource.strategy.gracePeriod?.(live, options.gracePeriodSeconds) ?? 0;
  metadata.finalizers = finalizersFor(metadata.finalizers ?? [], options.propagationPolicy);
  for (const finalizer of resource.strategy.deletionFinalizers ?? []) {
    if (live.metadata.deletionTimestamp === undefined && !metadata.finalizers.includes(finalizer))
      metadata.finalizers.push(finalizer);
  }
  if (metadata.finalizers.length === 0) delete metadata.finalizers;

  const again = live.metadata.deletionTimestamp !== undefined;
  const shorter = again && grace < (live.metadata.deletionGracePeriodSeconds ?? 0);
  const now = context.now();
  if (!again || shorter) {
    metadata.deletionTimestamp = timestamp(now + grace * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    if (!again && resource.countsGenerations) metadata.generation = (metadata.generation ?? 0) + 1;
  }
  if (resource.bucket === "namespaces" && isObject(next.status)) next.status = { ...next.status, phase: "Terminating" };
  const waits =
    (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0 || resource.bucket === "namespaces";
  if (waits && again && !shorter && (metadata.finalizers?.length ?? 0) === (live.metadata.finalizers?.length ?? 0))
    return { answer: live, gone: false };
  if (options.dryRun) return waits ? { answer: next, gone: false } : { answer: farewell(resource, live), gone: true };
  const result = settle(context, resource, next);
  const gone = context.store.get(resource.bucket, namespace, name) === undefined;
  return gone ? { answer: resource.strategy.returnsDeleted ? result : farewell(resource, live), gone } : { answer: result, gone };
}

function farewell(resource: Resource, live: KubeObject): KubeObject | StatusBody {
  if (resource.strategy.returnsDeleted) return live;
  const details = {
    name: live.metadata.name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: live.metadata.uid,
  };
  return success(details);
}

function finalizersFor(current: string[], policy: string | undefined): string[] {
  if (policy === undefined) return [...current];
  const kept = current.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion");
  if (policy === "Orphan") return [...kept, "orphan"];
  return policy === "Foreground" ? [...kept, "foregroundDeletion"] : kept;
}
