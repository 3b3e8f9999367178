// Which fields of built-in kinds a field selector may name, as the real server's conversion functions allow.

import type { KubeObject } from "../json.ts";
import { valueAt, type Resource } from "./resource.ts";

const table: Record<string, string[]> = {
  "/Pod": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  "/Event": [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "type",
  ],
  "events.k8s.io/Event": [
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
  ],
  "/Namespace": ["status.phase"],
  "/Node": ["spec.unschedulable"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP", "spec.type"],
  "apps/ReplicaSet": ["status.replicas"],
  "batch/Job": ["status.successful"],
};

/** Booleans and numbers that are absent count as their zero values. */
const zero: Record<string, string> = {
  "spec.unschedulable": "false",
  "spec.hostNetwork": "false",
  "status.replicas": "0",
  "status.successful": "0",
};

export function selectableFieldsOf(group: string, kind: string): Resource["selectableFields"] {
  const fields: Resource["selectableFields"] = {};
  for (const field of table[`${group}/${kind}`] ?? []) {
    const path = field.split(".");
    fields[field] = (object: KubeObject): string => {
      const value = valueAt(object, path);
      return value === undefined || value === null ? (zero[field] ?? "") : String(value);
    };
  }
  return fields;
}
