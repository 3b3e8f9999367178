/** Where each kind of child lives in the API. */
import type { ChildObject } from "./objects.ts";

const plurals: Record<string, string> = {
  StatefulSet: "statefulsets",
  Service: "services",
  ConfigMap: "configmaps",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
  PodDisruptionBudget: "poddisruptionbudgets",
  NetworkPolicy: "networkpolicies",
};

export function collectionPath(object: Pick<ChildObject, "apiVersion" | "kind" | "metadata">): string {
  const root = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  return `${root}/namespaces/${object.metadata.namespace}/${plurals[object.kind]!}`;
}

export function objectPath(object: Pick<ChildObject, "apiVersion" | "kind" | "metadata">): string {
  return `${collectionPath(object)}/${object.metadata.name}`;
}
