// A CustomResourceDefinition turned into the kinds it serves, one per served version.
// Invariant: a custom kind's schema always has apiVersion, kind and metadata; what the definition says of metadata
// (limits on the name, say) is checked, not served.

import { isObject, objectAt, objectsAt, stringAt, type JsonObject, type KubeObject } from "../json.ts";
import { allVerbs } from "../resources/catalogue.ts";
import { valueAt, type Resource, type ScalePaths } from "../resources/resource.ts";
import type { Schema } from "../schema/schema.ts";
import { customStrategy } from "./custom-strategy.ts";
import { printerColumns } from "./printer-columns.ts";

const metadataReference = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

const text = (description: string): Schema => ({ type: "string", description });

/** The declared schema with the fields that every object has. */
export function servedSchema(declared: Schema, gvk: { group: string; version: string; kind: string }): Schema {
  return {
    ...declared,
    type: "object",
    properties: {
      ...declared.properties,
      apiVersion: text(
        "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
      ),
      kind: text(
        "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
      ),
      metadata: {
        description:
          "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
        allOf: [{ $ref: metadataReference }],
      },
    },
    "x-kubernetes-group-version-kind": [gvk],
  };
}

const pathOf = (text: string | undefined): string[] | undefined => text?.split(".").filter((part) => part !== "");

function scaleOf(subresources: JsonObject): ScalePaths | undefined {
  if (!isObject(subresources.scale)) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = subresources.scale;
  const selector = pathOf(labelSelectorPath as string | undefined);
  return {
    specReplicas: pathOf(String(specReplicasPath))!,
    statusReplicas: pathOf(String(statusReplicasPath))!,
    ...(selector ? { selector } : {}),
  };
}

export function customResources(definition: KubeObject): Resource[] {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const group = String(spec.group);
  const versions = objectsAt(spec, "versions");
  const storage = versions.find((version) => version.storage === true) ?? versions[0]!;
  const kind = String(names.kind);
  const plural = String(names.plural);
  return versions
    .filter((version) => version.served === true)
    .map((version): Resource => {
      const name = String(version.name);
      const declared = objectAt(objectAt(version, "schema"), "openAPIV3Schema") as Schema;
      const subresources = objectAt(version, "subresources");
      const scale = scaleOf(subresources);
      const selectable: Resource["selectableFields"] = {};
      for (const field of objectsAt(version, "selectableFields")) {
        const path = pathOf(stringAt(field, "jsonPath"))!;
        selectable[path.join(".")] = (object) => {
          const value = valueAt(object, path);
          return value === undefined || value === null ? "" : String(value);
        };
      }
      return {
        group,
        version: name,
        kind,
        listKind: stringAt(names, "listKind") ?? `${kind}List`,
        plural,
        singular: stringAt(names, "singular") ?? kind.toLowerCase(),
        shortNames: Array.isArray(names.shortNames) ? names.shortNames.map(String) : [],
        categories: Array.isArray(names.categories) ? names.categories.map(String) : [],
        namespaced: spec.scope === "Namespaced",
        verbs: allVerbs,
        bucket: `${group}/${plural}`,
        storedAs: `${group}/${String(storage.name)}`,
        custom: true,
        hasStatus: isObject(subresources.status),
        ...(scale ? { scale } : {}),
        schema: servedSchema(declared, { group, version: name, kind }),
        schemaName: [...group.split(".").reverse(), name, kind].join("."),
        strategy: customStrategy(declared, scale),
        columns: printerColumns(version),
        selectableFields: selectable,
        countsGenerations: true,
      };
    });
}
