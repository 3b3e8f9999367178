// PATCH in its four kinds. Invariant: whatever the kind, the result goes through the same admission as a replace.

import { assertKnown } from "../apply/typed.ts";
import { apply } from "../apply/field-manager.ts";
import { ApiError, badRequest, invalid, plainError, unsupportedMediaType } from "../errors/status.ts";
import { clone, isObject, type Json, type JsonObject, type KubeObject } from "../json.ts";
import { invalidValue } from "../errors/field-error.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMerge } from "../patch/strategic-merge.ts";
import type { Resource } from "../resources/resource.ts";
import { admit, normalise, typed } from "./admit.ts";
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
  if (!accepted.includes(request.mediaType)) throw mediaTypeError(request.mediaType, accepted);
  const object = update(
    context,
    resource,
    {
      ...request,
      change(live) {
        const patched = applied(resource, live, request);
        return admitPatched(resource, patched, options, request.duplicates);
      },
    },
    options,
  );
  return { object, created: false };
}

function mediaTypeError(mediaType: string, accepted: string[]): ApiError {
  if (mediaType === "application/strategic-merge-patch+json") return unsupportedMediaType(accepted);
  return new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

/** Strict validation of a patch complains about the patched object. */
function admitPatched(resource: Resource, patched: Json, options: WriteOptions, duplicates: string[]): KubeObject {
  try {
    return admit(resource, patched, options, duplicates);
  } catch (error) {
    const strict = /strict decoding error: (.*)$/s.exec(error instanceof ApiError ? error.message : "");
    if (!strict) throw error;
    throw invalid("", "", "", [invalidValue("patch", JSON.stringify(patched), strict[0])]);
  }
}

function untypable(config: KubeObject, error: unknown): ApiError {
  const { apiVersion, kind, metadata } = config;
  const version = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
  const what = `failed to create typed patch object (${metadata.namespace ?? ""}/${metadata.name}; ${version}, Kind=${kind})`;
  return plainError(500, `${what}: ${(error as Error).message}`);
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
      throw untypable(config, error);
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
  typed(resource, body);
  if (request.duplicates.length > 0) throw badRequest(`error decoding YAML: duplicate field "${request.duplicates[0]!}"`);
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
  if (config.metadata.creationTimestamp === null) delete config.metadata.creationTimestamp;
  try {
    assertKnown(resource.schema, config);
  } catch (error) {
    throw untypable(config, error);
  }
  return config;
}
