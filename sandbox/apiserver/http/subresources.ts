// scale, binding, eviction, finalize, log; and a clear refusal for what needs a live connection to a container.

import { badRequest, conflict, methodNotAllowed, notImplemented, success, ApiError } from "../errors/status.ts";
import { clone, isObject, objectAt, objectsAt, stringAt, type Json, type KubeObject } from "../json.ts";
import { scaleOf, updateScale } from "../registry/scale.ts";
import { deleteOptions, remove } from "../registry/remove.ts";
import { get } from "../registry/read.ts";
import { timestamp } from "../registry/metadata.ts";
import { update } from "../registry/write.ts";
import { groupResource } from "../resources/resource.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { decodeBody, decodeObject, mediaTypeOf, readBody } from "./body.ts";
import { proxyLogs } from "./kubelet-proxy.ts";
import { answer, wanted, writeOptions, type Call } from "./call.ts";
import { sendBody } from "./respond.ts";

export async function handleSubresource(call: Call): Promise<void> {
  const { resource, info } = call;
  const { subresource } = info;
  if (subresource === "scale" && resource.scale) return scale(call);
  if (resource.bucket === "namespaces" && subresource === "finalize") return finalize(call);
  if (resource.bucket === "pods") {
    if (subresource === "log") return proxyLogs(call);
    if (subresource === "binding") return bind(call);
    if (subresource === "eviction") return evict(call);
    if (["exec", "attach", "portforward", "proxy"].includes(subresource)) {
      get(call.context, resource, info.namespace, info.name);
      throw notImplemented(`pods/${subresource}`);
    }
    if (subresource === "ephemeralcontainers" || subresource === "resize") throw notImplemented(`pods/${subresource}`);
  }
  if (resource.bucket === "serviceaccounts" && subresource === "token") throw notImplemented("serviceaccounts/token");
  if (subresource === "proxy") throw notImplemented(`${resource.plural}/proxy`);
  throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

async function scale(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  const representation = wanted(call);
  const live = get(context, resource, info.namespace, info.name);
  const current = scaleOf(resource, live);
  if (request.method === "GET") return answer(call, 200, current, representation);
  if (request.method !== "PUT" && request.method !== "PATCH") throw methodNotAllowed();
  const options = writeOptions(call);
  const mediaType = mediaTypeOf(request);
  const text = await readBody(request);
  let wantedScale: Json;
  if (request.method === "PUT") wantedScale = decodeObject(text, mediaType).value;
  else {
    const body = decodeBody(text, mediaType.startsWith("application/apply-patch")).value;
    const now = scaleOf(resource, get(context, resource, info.namespace, info.name));
    wantedScale = mediaType === "application/json-patch+json" ? applyJsonPatch(now, body) : applyMergePatch(now, body);
  }
  if (!isObject(wantedScale)) throw badRequest("expected a Scale");
  const scaled = updateScale(context, resource, info, wantedScale, options);
  answer(call, 200, scaled, representation, options.warnings);
}

async function finalize(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  if (request.method !== "PUT") throw methodNotAllowed();
  const { value } = decodeObject(await readBody(request), mediaTypeOf(request));
  const { finalizers } = objectAt(value as KubeObject, "spec");
  const object = update(
    context,
    resource,
    {
      ...info,
      subresource: "",
      change: (live) => ({ ...live, spec: { finalizers: Array.isArray(finalizers) ? finalizers : [] } }),
    },
    writeOptions(call),
  );
  answer(call, 200, object, wanted(call));
}

async function bind(call: Call): Promise<void> {
  const { context, resource, info, request } = call;
  if (request.method !== "POST") throw methodNotAllowed();
  const { value } = decodeObject(await readBody(request), mediaTypeOf(request));
  const node = stringAt(objectAt(value as KubeObject, "target"), "name");
  if (!node) throw badRequest("target.name is required");
  const options = writeOptions(call);
  update(
    context,
    resource,
    {
      ...info,
      subresource: "",
      change(live) {
        const spec = objectAt(live, "spec");
        if (live.metadata.deletionTimestamp !== undefined)
          throw conflict(groupResource(resource), info.name, `pod ${info.name} is being deleted, cannot be assigned to a host`);
        if (spec.nodeName)
          throw conflict(
            groupResource(resource),
            info.name,
            `pod ${info.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
          );
        return { ...clone(live), spec: { ...clone(spec), nodeName: node } };
      },
    },
    options,
  );
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: timestamp(context.now()) };
  update(
    context,
    resource,
    {
      ...info,
      subresource: "status",
      change(live) {
        const status = clone(objectAt(live, "status"));
        const others = objectsAt(status, "conditions").filter((condition) => condition.type !== "PodScheduled");
        return { ...live, status: { ...status, conditions: [...others, scheduled] } };
      },
    },
    options,
  );
  sendBody(call.response, 201, { ...success(), code: 201 });
}

async function evict(call: Call): Promise<void> {
  const { context, resource, info, request, query } = call;
  if (request.method !== "POST") throw methodNotAllowed();
  const { value } = decodeObject(await readBody(request), mediaTypeOf(request));
  const pod = get(context, resource, info.namespace, info.name);
  const budget = context.store.list("policy/poddisruptionbudgets", info.namespace).find((one) => {
    const selector = objectAt(objectAt(one, "spec"), "selector");
    const labels = objectAt(selector, "matchLabels");
    return Object.keys(labels).length > 0 && Object.entries(labels).every(([key, label]) => pod.metadata.labels?.[key] === label);
  });
  const allowed = objectAt(budget, "status").disruptionsAllowed;
  if (budget && !(typeof allowed === "number" && allowed > 0)) {
    throw new ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [
        {
          reason: "DisruptionBudget",
          message: `The disruption budget ${budget.metadata.name} does not allow evicting pods currently`,
          field: "",
        },
      ],
    });
  }
  const options = deleteOptions(objectAt(value as KubeObject, "deleteOptions"), query);
  remove(context, resource, info.namespace, info.name, options);
  sendBody(call.response, 201, { ...success(), code: 201 });
}
