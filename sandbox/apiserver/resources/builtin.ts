// The table of built-in kinds: names as the real server's discovery gives them.
// Invariant: data only; behaviour is in strategies, looks in table/.

export interface BuiltinKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  short?: string[];
  categories?: string[];
  status?: boolean;
  scale?: boolean;
  singular?: string;
  /** What clients are warned of. */
  deprecated?: string;
  /** The OpenAPI package of the schema: io.k8s.api.<package>.<version>.<kind>, unless `schema` names it whole. */
  package: string;
  schema?: string;
}

const all = ["all"];

export const builtinKinds: readonly BuiltinKind[] = [
  { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true, short: ["cm"], package: "core" },
  {
    group: "",
    version: "v1",
    kind: "Endpoints",
    plural: "endpoints",
    namespaced: true,
    short: ["ep"],
    package: "core",
    deprecated: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  },
  { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true, short: ["ev"], package: "core" },
  {
    group: "",
    version: "v1",
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
    short: ["ns"],
    status: true,
    package: "core",
  },
  { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false, short: ["no"], status: true, package: "core" },
  {
    group: "",
    version: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    namespaced: true,
    short: ["pvc"],
    status: true,
    package: "core",
  },
  {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    namespaced: true,
    short: ["po"],
    categories: all,
    status: true,
    package: "core",
  },
  { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, package: "core" },
  {
    group: "",
    version: "v1",
    kind: "Service",
    plural: "services",
    namespaced: true,
    short: ["svc"],
    categories: all,
    status: true,
    package: "core",
  },
  { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", namespaced: true, short: ["sa"], package: "core" },
  { group: "apps", version: "v1", kind: "ControllerRevision", plural: "controllerrevisions", namespaced: true, package: "apps" },
  {
    group: "apps",
    version: "v1",
    kind: "DaemonSet",
    plural: "daemonsets",
    namespaced: true,
    short: ["ds"],
    categories: all,
    status: true,
    package: "apps",
  },
  {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    namespaced: true,
    short: ["deploy"],
    categories: all,
    status: true,
    scale: true,
    package: "apps",
  },
  {
    group: "apps",
    version: "v1",
    kind: "ReplicaSet",
    plural: "replicasets",
    namespaced: true,
    short: ["rs"],
    categories: all,
    status: true,
    scale: true,
    package: "apps",
  },
  {
    group: "apps",
    version: "v1",
    kind: "StatefulSet",
    plural: "statefulsets",
    namespaced: true,
    short: ["sts"],
    categories: all,
    status: true,
    scale: true,
    package: "apps",
  },
  { group: "batch", version: "v1", kind: "Job", plural: "jobs", namespaced: true, categories: all, status: true, package: "batch" },
  { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true, package: "coordination" },
  {
    group: "discovery.k8s.io",
    version: "v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    namespaced: true,
    package: "discovery",
  },
  { group: "events.k8s.io", version: "v1", kind: "Event", plural: "events", namespaced: true, short: ["ev"], package: "events" },
  {
    group: "networking.k8s.io",
    version: "v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    namespaced: true,
    short: ["netpol"],
    package: "networking",
  },
  {
    group: "policy",
    version: "v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    namespaced: true,
    short: ["pdb"],
    status: true,
    package: "policy",
  },
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    namespaced: false,
    package: "rbac",
  },
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    namespaced: false,
    package: "rbac",
  },
  { group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles", namespaced: true, package: "rbac" },
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "RoleBinding",
    plural: "rolebindings",
    namespaced: true,
    package: "rbac",
  },
  {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    plural: "priorityclasses",
    namespaced: false,
    short: ["pc"],
    package: "scheduling",
  },
  {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    namespaced: false,
    short: ["crd", "crds"],
    categories: ["api-extensions"],
    status: true,
    package: "apiextensions",
    schema: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  },
];

export function schemaNameOf(kind: BuiltinKind): string {
  return kind.schema ?? `io.k8s.api.${kind.package}.${kind.version}.${kind.kind}`;
}
