// PATCH in its four kinds. Invariant: whatever the kind, the result goes through the same admission as a replace.

import { apply } from "../apply/field-manager.ts";
import { ApiError, badRequest, unsupportedMediaType } from "../errors/status.ts";
import { clone, isObject, type Json, type JsonObject, type KubeObject } from "../json.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMerge } from "../patch/strategic-merge.ts";
import type { Resource } from "../resources/resource.ts";
import { admit, normalise } from "./admit.ts";
import type { Context, WriteOptions } from "./context.ts";
import { fillForCreate } from "./metadata.ts";
import { emptyObject, insert, update, writerOf } from "./write.ts";

export const applyTypes = ["application/apply-patch+yaml", "application/apply-patch+cbor"];

export interface PatchRequest {
  namespace: string;
  name: string;
  subresource: string;
  mediaType: string;
  patch: Json;
  duplicates: string[];
}

export interface Patched {
  object: KubeObject;
  created: boolean;
}

export function patch(context: Context, resource: Resource, request: PatchRequest, options: WriteOptions): Patched {
  if (request.mediaType === "application/apply-patch+yaml") return applyPatch(context, resource, request, options);
  if (options.force) throw patchOptionsError("force", "Forbidden: may not be specified for non-apply patch");
  const accepted = [
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(resource.custom ? [] : ["application/strategic-merge-patch+json"]),
    "application/apply-patch+yaml",
  ];
  if (!accepted.includes(request.mediaType)) throw unsupportedMediaType(accepted);
  const object = update(
    context,
    resource,
    {
      ...request,
      change(live) {
        const patched = applied(resource, live, request);
        return admit(resource, patched, options, request.duplicates);
      },
    },
    options,
  );
  return { object, created: false };
}

function applied(resource: Resource, live: KubeObject, { mediaType, patch: body }: PatchRequest): Json {
  if (mediaType === "application/json-patch+json") return applyJsonPatch(live, body);
  if (!isObject(body))
    throw badRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  if (mediaType === "application/merge-patch+json") return applyMergePatch(live, body);
  return applyStrategicMerge(resource.schema, live, body);
}

function patchOptionsError(field: string, message: string): ApiError {
  return new ApiError(422, "Invalid", `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: "meta.k8s.io",
    kind: "PatchOptions",
    causes: [{ reason: message.startsWith("Required") ? "FieldValueRequired" : "FieldValueForbidden", message, field }],
  });
}

function applyPatch(context: Context, resource: Resource, request: PatchRequest, options: WriteOptions): Patched {
  if (options.fieldManager === "") throw patchOptionsError("fieldManager", "Required value: is required for apply patch");
  if (!isObject(request.patch)) throw badRequest("error decoding YAML: expected an object");
  const config = configOf(resource, request, options);
  const writer = writerOf(context, resource, request.subresource, options);
  let created = false;
  const merged = (live: KubeObject): KubeObject => {
    try {
      return apply(resource, live, config, writer, options.force).object;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(
        500,
        "InternalError",
        `failed to create typed patch object (${config.metadata.namespace ?? ""}/${config.metadata.name}; ${config.apiVersion}, Kind=${config.kind}): ${(error as Error).message}`,
      );
    }
  };
  const object = update(
    context,
    resource,
    {
      ...request,
      ownsManagedFields: true,
      change(live) {
        const next = clone(merged(live));
        normalise(resource, next);
        return next;
      },
      ...(request.subresource === ""
        ? {
            absent() {
              created = true;
              const next = clone(merged(emptyObject(resource)));
              if (next.metadata.namespace === undefined && resource.namespaced) next.metadata.namespace = request.namespace;
              if (next.metadata.uid !== undefined)
                throw new ApiError(
                  409,
                  "Conflict",
                  "uid mismatch: the provided object specified uid, and no existing object was found",
                );
              const { managedFields } = next.metadata;
              fillForCreate(next, context.now());
              if (managedFields) next.metadata.managedFields = managedFields;
              normalise(resource, next);
              if (resource.hasStatus && resource.custom) delete next.status;
              resource.strategy.prepareForCreate?.(next);
              if (resource.countsGenerations) next.metadata.generation = 1;
              return insert(context, resource, next, options);
            },
          }
        : {}),
    },
    options,
  );
  return { object, created };
}

function configOf(resource: Resource, request: PatchRequest, options: WriteOptions): KubeObject {
  const body = request.patch as JsonObject;
  const strict = { ...options, warnings: [] as string[] };
  const admitted = admitConfig(resource, body, strict, request);
  options.warnings.push(...strict.warnings);
  return admitted;
}

/** An apply configuration is checked like an object but keeps only what its author wrote: no defaults. */
function admitConfig(resource: Resource, body: JsonObject, options: WriteOptions, request: PatchRequest): KubeObject {
  const { apiVersion, kind } = body;
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body)}'`);
  // Run for its refusals and warnings; the result, with defaults, is not what the author owns.
  admit(resource, body, options, request.duplicates);
  const config = clone(body) as KubeObject;
  config.metadata = isObject(config.metadata) ? config.metadata : ({} as KubeObject["metadata"]);
  if (config.metadata.managedFields !== undefined && (config.metadata.managedFields?.length ?? 0) > 0)
    throw badRequest("metadata.managedFields must be nil");
  config.metadata.name ??= request.name;
  if (config.metadata.name !== request.name) {
    throw badRequest(`the name of the object (${config.metadata.name}) does not match the name on the URL (${request.name})`);
  }
  if (resource.namespaced) {
    if (config.metadata.namespace && config.metadata.namespace !== request.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    config.metadata.namespace = request.namespace;
  }
  for (const key of ["creationTimestamp"]) if (config.metadata[key] === null) delete config.metadata[key];
  return config;
}
