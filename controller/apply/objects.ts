/** The shape in which children are built and applied. */
import type { Dataflow, OwnerReference } from "../api/index.ts";
import { apiVersion, kind, labels } from "../api/index.ts";

export interface ChildObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences: OwnerReference[];
  };
  [field: string]: unknown;
}

export function childLabels(name: string, component = "worker"): Record<string, string> {
  return {
    "app.kubernetes.io/name": "weir",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "weir-controller",
    [labels.component]: component,
    [labels.dataflow]: name,
  };
}

export function childMetadata(dataflow: Dataflow, name: string): ChildObject["metadata"] {
  const { metadata } = dataflow;
  return {
    name,
    namespace: metadata.namespace,
    labels: childLabels(metadata.name),
    ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }],
  };
}
