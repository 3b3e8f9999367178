// The scale subresource: an autoscaling/v1 Scale read from and written to the object's own fields.

import { badRequest, conflict, invalid } from "../errors/status.ts";
import { hasPath } from "../apply/field-set.ts";
import { readManagers } from "../apply/managed-fields.ts";
import { invalidValue } from "../errors/field-error.ts";
import { clone, ensureObject, isObject, objectAt, type JsonObject, type KubeObject } from "../json.ts";
import { groupResource, valueAt, type Resource } from "../resources/resource.ts";
import { prune } from "../schema/prune.ts";
import { resolve } from "../schema/schema.ts";
import type { Context, WriteOptions } from "./context.ts";
import { labelSelectorText } from "./label-selector.ts";
import { update } from "./write.ts";

export function scaleOf(resource: Resource, object: KubeObject): KubeObject {
  const paths = resource.scale!;
  const replicas = valueAt(object, paths.specReplicas);
  const current = valueAt(object, paths.statusReplicas);
  const selector = paths.selector ? valueAt(object, paths.selector) : undefined;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const text = isObject(selector) ? labelSelectorText(selector) : typeof selector === "string" ? selector : "";
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    } as KubeObject["metadata"],
    spec: typeof replicas === "number" && replicas !== 0 ? { replicas } : {},
    status: { replicas: typeof current === "number" ? current : 0, ...(text === "" ? {} : { selector: text }) },
  };
}

function countIsOwned(resource: Resource, object: KubeObject | undefined): boolean {
  const path = resource.scale!.specReplicas.map((step) => `f:${step}`);
  return [...readManagers(object?.metadata.managedFields).values()].some(({ fields }) => hasPath(fields, path));
}

export function updateScale(
  context: Context,
  resource: Resource,
  at: { namespace: string; name: string },
  scale: JsonObject,
  options: WriteOptions,
): KubeObject {
  const schema = resolve({ $ref: "#/components/schemas/io.k8s.api.autoscaling.v1.Scale" });
  const unknown = prune(schema, scale).map((path) => `unknown field "${path}"`);
  if (unknown.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(`Scale in version "v1" cannot be handled as a Scale: strict decoding error: ${unknown.join(", ")}`);
  }
  if (options.fieldValidation === "Warn") options.warnings.push(...unknown);
  const replicas = objectAt(scale, "spec").replicas ?? 0;
  if (typeof replicas !== "number" || !Number.isInteger(replicas))
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  if (replicas < 0) {
    throw invalid("autoscaling", "Scale", at.name, [invalidValue("spec.replicas", replicas, "must be greater than or equal to 0")]);
  }
  const asked = objectAt(scale, "metadata").resourceVersion;
  const object = update(
    context,
    resource,
    {
      ...at,
      subresource: "scale",
      // As in the real server: where nobody is known to own the count, its writer does not become the first.
      ownsManagedFields: !countIsOwned(resource, context.store.get(resource.bucket, at.namespace, at.name)),
      change(live) {
        if (asked && asked !== live.metadata.resourceVersion) throw conflict(groupResource(resource), at.name);
        const next = clone(live);
        const path = resource.scale!.specReplicas;
        let parent: JsonObject = next;
        for (const step of path.slice(0, -1)) parent = ensureObject(parent, step);
        parent[path.at(-1)!] = replicas;
        return next;
      },
    },
    options,
  );
  return scaleOf(resource, object);
}
