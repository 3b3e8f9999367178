// Requests on resources: from method and path to the operation, and its answer.
// Invariant: after the body is read an operation runs to its end without a pause; what is not offered is refused.

import { ApiError, methodNotAllowed, noSuchPath } from "../errors/status.ts";
import type { Json, KubeObject } from "../json.ts";
import { admit } from "../registry/admit.ts";
import { patch } from "../registry/patch.ts";
import { get, list } from "../registry/read.ts";
import { deleteOptions, remove } from "../registry/remove.ts";
import { create, update } from "../registry/write.ts";
import { decodeBody, decodeObject, mediaTypeOf, readBody } from "./body.ts";
import { answer, wanted, writeOptions, type Call } from "./call.ts";
import { sendBody } from "./respond.ts";
import { handleSubresource } from "./subresources.ts";

export async function handleResource(call: Call): Promise<void> {
  const { info, request, context, resource } = call;
  if (info.subresource !== "" && info.subresource !== "status") return handleSubresource(call);
  if (info.subresource === "status" && !resource.hasStatus) throw noSuchPath();
  if (info.namespace !== "" && !resource.namespaced)
    throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
  const method = request.method ?? "GET";
  if (info.name === "") {
    if (method === "GET") return answer(call, 200, list(context, resource, info.namespace, call.query), wanted(call));
    if (method === "POST") return post(call);
    if (method === "DELETE") return removeCollection(call);
    throw methodNotAllowed();
  }
  switch (method) {
    case "GET":
      return answer(call, 200, get(context, resource, info.namespace, info.name), wanted(call));
    case "PUT":
      return put(call);
    case "PATCH":
      return patchOne(call);
    case "DELETE":
      if (info.subresource !== "") throw methodNotAllowed();
      return removeOne(call);
    default:
      throw methodNotAllowed();
  }
}

async function post(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  const representation = wanted(call);
  const options = writeOptions(call);
  if (resource.namespaced && info.namespace === "") throw methodNotAllowed();
  const { value, duplicates } = decodeObject(await readBody(request), mediaTypeOf(request));
  const object = admit(resource, value, options, duplicates);
  answer(call, 201, create(context, resource, info.namespace, object, options), representation, options.warnings);
}

async function put(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  const representation = wanted(call);
  const options = writeOptions(call);
  const { value, duplicates } = decodeObject(await readBody(request), mediaTypeOf(request));
  let created = false;
  const allowed = resource.strategy.createOnUpdate === true && info.subresource === "";
  const object = update(
    context,
    resource,
    {
      ...info,
      replaces: true,
      change: () => admit(resource, value, options, duplicates),
      ...(allowed
        ? {
            absent() {
              created = true;
              const made = admit(resource, value, options, duplicates);
              delete made.metadata.resourceVersion;
              return create(context, resource, info.namespace, made, options);
            },
          }
        : {}),
    },
    options,
  );
  answer(call, created ? 201 : 200, object, representation, options.warnings);
}

async function patchOne(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  const representation = wanted(call);
  const options = writeOptions(call);
  const mediaType = mediaTypeOf(request);
  const apply = mediaType.startsWith("application/apply-patch");
  if (apply) options.fieldManager = call.query.get("fieldManager") ?? "";
  const { value, duplicates } = decodeBody(await readBody(request), apply);
  const { object, created } = patch(context, resource, { ...info, mediaType, patch: value, duplicates }, options);
  answer(call, created ? 201 : 200, object, representation, options.warnings);
}

async function bodyOfDelete(call: Call): Promise<Json | undefined> {
  const text = await readBody(call.request);
  return text.trim() === "" ? undefined : decodeObject(text, mediaTypeOf(call.request)).value;
}

async function removeOne(call: Call): Promise<void> {
  const { context, resource, info, query } = call;
  const representation = wanted(call);
  const options = deleteOptions(await bodyOfDelete(call), query);
  const { answer: body } = remove(context, resource, info.namespace, info.name, options);
  if (body.kind === "Status") sendBody(call.response, 200, body, representation);
  else answer(call, 200, body as KubeObject, representation);
}

async function removeCollection(call: Call): Promise<void> {
  const { context, resource, info, query } = call;
  if (!resource.verbs.includes("deletecollection")) throw methodNotAllowed();
  if (resource.namespaced && info.namespace === "") throw methodNotAllowed();
  const representation = wanted(call);
  const options = deleteOptions(await bodyOfDelete(call), query);
  const selected = list(context, resource, info.namespace, query);
  for (const object of selected.items) {
    try {
      remove(context, resource, object.metadata.namespace ?? "", object.metadata.name, options);
    } catch (error) {
      // Somebody else's deletion, set off by one of ours, may have been quicker.
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }
  answer(call, 200, selected, representation);
}
