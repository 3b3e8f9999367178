/** The kinds that the kubelet and the workload controllers work with. */
import type { Resource } from "./client.ts";

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced,
});
const at = (group: string, plural: string, kind: string): Resource => ({ group, version: "v1", plural, kind, namespaced: true });

export const pods = core("pods", "Pod");
export const services = core("services", "Service");
export const configMaps = core("configmaps", "ConfigMap");
export const secrets = core("secrets", "Secret");
export const events = core("events", "Event");
export const endpoints = core("endpoints", "Endpoints");
export const nodes = core("nodes", "Node", false);
export const namespaces = core("namespaces", "Namespace", false);
export const serviceAccounts = core("serviceaccounts", "ServiceAccount");
export const persistentVolumeClaims = core("persistentvolumeclaims", "PersistentVolumeClaim");
export const persistentVolumes = core("persistentvolumes", "PersistentVolume", false);
export const leases = at("coordination.k8s.io", "leases", "Lease");
export const statefulSets = at("apps", "statefulsets", "StatefulSet");
export const deployments = at("apps", "deployments", "Deployment");
export const replicaSets = at("apps", "replicasets", "ReplicaSet");
export const daemonSets = at("apps", "daemonsets", "DaemonSet");
export const controllerRevisions = at("apps", "controllerrevisions", "ControllerRevision");
export const jobs = at("batch", "jobs", "Job");
export const endpointSlices = at("discovery.k8s.io", "endpointslices", "EndpointSlice");
export const podDisruptionBudgets = at("policy", "poddisruptionbudgets", "PodDisruptionBudget");

export const apiVersionOf = (resource: Resource): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
