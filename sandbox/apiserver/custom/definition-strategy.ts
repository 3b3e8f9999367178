// CustomResourceDefinitions as objects: their defaults and checks.

import { invalidValue, notSupported, required } from "../errors/field-error.ts";
import type { Cause } from "../errors/status.ts";
import { deepEqual, ensureObject, isObject, objectAt, objectsAt, type KubeObject } from "../json.ts";
import { subdomainName } from "../resources/names.ts";
import type { Strategy } from "../resources/resource.ts";
import { validateDefinitionSchema } from "./structural.ts";

const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

function validate(object: KubeObject): Cause[] {
  const spec = objectAt(object, "spec");
  const names = objectAt(spec, "names");
  const causes: Cause[] = [];
  const expected = `${String(names.plural)}.${String(spec.group)}`;
  if (object.metadata.name !== expected) {
    causes.push(invalidValue("metadata.name", object.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (!spec.group) causes.push(required("spec.group"));
  else causes.push(...subdomainName(String(spec.group)).map((error) => invalidValue("spec.group", spec.group, error)));
  if (!["Cluster", "Namespaced"].includes(spec.scope as string))
    causes.push(notSupported("spec.scope", spec.scope, ["Cluster", "Namespaced"]));
  for (const key of ["plural", "singular", "kind", "listKind"]) if (!names[key]) causes.push(required(`spec.names.${key}`));
  const versions = objectsAt(spec, "versions");
  if (versions.filter((version) => version.storage === true).length !== 1) {
    causes.push(invalidValue("spec.versions", versions, "must have exactly one version marked as storage version"));
  }
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    const schema = objectAt(version, "schema").openAPIV3Schema;
    if (!isObject(schema)) causes.push(required(`${at}.schema.openAPIV3Schema`, "schemas are required"));
    else {
      // What all versions share the real server keeps, and names, in one place.
      const shared = versions.every((other) => deepEqual(other.schema, version.schema));
      if (shared && index > 0) continue;
      causes.push(...validateDefinitionSchema(schema, shared ? "spec.validation.openAPIV3Schema" : `${at}.schema.openAPIV3Schema`));
    }
  }
  return causes;
}

export const customResourceDefinitionStrategy: Strategy = {
  deletionFinalizers: [cleanupFinalizer],
  defaults(object) {
    const spec = ensureObject(object, "spec");
    const names = ensureObject(spec, "names");
    names.singular ||= String(names.kind ?? "").toLowerCase();
    names.listKind ||= `${String(names.kind ?? "")}List`;
    const conversion = ensureObject(spec, "conversion");
    conversion.strategy ??= "None";
  },
  prepareForCreate(object) {
    const storage = objectsAt(objectAt(object, "spec"), "versions").find((version) => version.storage === true);
    object.status = {
      acceptedNames: { kind: "", plural: "" },
      conditions: [],
      storedVersions: storage ? [String(storage.name)] : [],
    };
  },
  validate,
  validateUpdate(object, old) {
    const scope = objectAt(old, "spec").scope;
    const same = objectAt(object, "spec").scope === scope;
    return [
      ...validate(object),
      ...(same ? [] : [invalidValue("spec.scope", objectAt(object, "spec").scope, "field is immutable")]),
    ];
  },
};
