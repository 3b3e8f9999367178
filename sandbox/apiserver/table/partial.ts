// An object reduced to its metadata (meta.k8s.io PartialObjectMetadata).

import type { JsonObject, KubeObject } from "../json.ts";

export function partialMetadata(object: KubeObject, version = "v1"): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
