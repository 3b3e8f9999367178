// Printer columns of the built-in kinds that people look at, as kubernetes' printers give them.

import { objectAt, objectsAt, stringAt, type Json, type KubeObject } from "../json.ts";
import { labelSelectorText } from "../registry/label-selector.ts";
import type { Column } from "../resources/resource.ts";
import { age } from "./age.ts";
import { podColumns } from "./pod-columns.ts";

type Cell = (object: KubeObject, now: number) => Json | undefined;

export const column = (name: string, type: string, cell: Cell, priority = 0): Column => ({ name, type, cell, priority });
export const ageColumn = column("Age", "string", (object, now) => age(object.metadata.creationTimestamp, now));

const number = (value: Json | undefined): number => (typeof value === "number" ? value : 0);
const spec = (object: KubeObject) => objectAt(object, "spec");
const status = (object: KubeObject) => objectAt(object, "status");
const entries = (object: KubeObject, key: string): number => Object.keys(objectAt(object, key)).length;

function containerList(field: "name" | "image"): Cell {
  return (object) =>
    objectsAt(objectAt(objectAt(spec(object), "template"), "spec"), "containers")
      .map((container) => String(container[field] ?? ""))
      .join(",");
}

const containers = column("Containers", "string", containerList("name"), 1);
const images = column("Images", "string", containerList("image"), 1);
const selector = column("Selector", "string", (object) => labelSelectorText(objectAt(spec(object), "selector")) || "<none>", 1);
const plainSelector = (object: KubeObject): string =>
  Object.entries(objectAt(spec(object), "selector"))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",") || "<none>";
const readyOf = column("Ready", "string", (object) => `${number(status(object).readyReplicas)}/${number(spec(object).replicas)}`);

function servicePorts(object: KubeObject): string {
  const ports = objectsAt(spec(object), "ports").map(
    (port) => `${String(port.port)}${port.nodePort ? `:${String(port.nodePort)}` : ""}/${String(port.protocol)}`,
  );
  return ports.join(",") || "<none>";
}

function endpointAddresses(object: KubeObject): string {
  const shown: string[] = [];
  for (const subset of objectsAt(object, "subsets")) {
    const ports = objectsAt(subset, "ports");
    for (const port of ports.length > 0 ? ports : [undefined]) {
      for (const address of objectsAt(subset, "addresses"))
        shown.push(port ? `${String(address.ip)}:${String(port.port)}` : String(address.ip));
    }
  }
  if (shown.length === 0) return "<none>";
  return shown.length > 3 ? `${shown.slice(0, 3).join(",")} + ${shown.length - 3} more...` : shown.join(",");
}

function nodeStatus(object: KubeObject): string {
  const ready = objectsAt(status(object), "conditions").find((condition) => condition.type === "Ready");
  const word = ready ? (ready.status === "True" ? "Ready" : "NotReady") : "Unknown";
  return spec(object).unschedulable === true ? `${word},SchedulingDisabled` : word;
}

function nodeRoles(object: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(object.metadata.labels ?? {}).filter((key) => key.startsWith(prefix) && key.length > prefix.length);
  return (
    roles
      .map((key) => key.slice(prefix.length))
      .sort()
      .join(",") || "<none>"
  );
}

const nodeAddress = (type: string) => (object: KubeObject) => {
  const found = objectsAt(status(object), "addresses").find((address) => address.type === type);
  return stringAt(found, "address") ?? "<none>";
};
const nodeInfo = (key: string) => (object: KubeObject) => stringAt(objectAt(status(object), "nodeInfo"), key) || "<unknown>";

function eventObject(object: KubeObject): string {
  const about = objectAt(object, "involvedObject");
  return `${String(about.kind ?? "").toLowerCase()}/${String(about.name ?? "")}`;
}

function eventSource(object: KubeObject): string {
  const source = objectAt(object, "source");
  const component = stringAt(source, "component") || stringAt(object, "reportingComponent") || "";
  const host = stringAt(source, "host") || stringAt(object, "reportingInstance") || "";
  return host === "" ? component : `${component}, ${host}`;
}

function lastSeen(object: KubeObject, now: number): string {
  const series = objectAt(object, "series");
  return age(
    stringAt(series, "lastObservedTime") ??
      stringAt(object, "lastTimestamp") ??
      stringAt(object, "eventTime") ??
      stringAt(object, "firstTimestamp"),
    now,
  );
}

const firstSeen = (object: KubeObject, now: number): string =>
  age(stringAt(object, "firstTimestamp") ?? stringAt(object, "eventTime"), now);
const eventCount = (object: KubeObject): number => number(objectAt(object, "series").count) || number(object.count) || 1;

function jobDuration(object: KubeObject, now: number): string {
  const started = stringAt(status(object), "startTime");
  if (!started) return "";
  const ended = stringAt(status(object), "completionTime");
  return age(started, ended ? Date.parse(ended) : now);
}

function jobStatus(object: KubeObject): string {
  const held = (type: string): boolean =>
    objectsAt(status(object), "conditions").some((condition) => condition.type === type && condition.status === "True");
  if (held("Complete")) return "Complete";
  if (held("Failed")) return "Failed";
  if (object.metadata.deletionTimestamp) return "Terminating";
  return held("Suspended") ? "Suspended" : "Running";
}

const controllerOf = (object: KubeObject): string => {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  return owner
    ? `${owner.kind.toLowerCase()}.${owner.apiVersion.includes("/") ? owner.apiVersion.split("/")[0]! : ""}/${owner.name}`
        .replace(".core/", "/")
        .replace("./", "/")
    : "<none>";
};

const orAll = (value: Json | undefined): string => (value === undefined ? "N/A" : String(value));

const subjects =
  (kind: string): Cell =>
  (object) =>
    objectsAt(object, "subjects")
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === "ServiceAccount" ? `${String(subject.namespace)}/${String(subject.name)}` : String(subject.name)))
      .join(", ");

const bindingColumns: Column[] = [
  column("Role", "string", (object) => `${String(objectAt(object, "roleRef").kind)}/${String(objectAt(object, "roleRef").name)}`),
  ageColumn,
  column("Users", "string", subjects("User"), 1),
  column("Groups", "string", subjects("Group"), 1),
  column("ServiceAccounts", "string", subjects("ServiceAccount"), 1),
];

const table: Record<string, Column[]> = {
  Pod: podColumns,
  ConfigMap: [column("Data", "string", (object) => entries(object, "data") + entries(object, "binaryData")), ageColumn],
  Secret: [
    column("Type", "string", (object) => stringAt(object, "type") ?? ""),
    column("Data", "string", (object) => entries(object, "data")),
    ageColumn,
  ],
  ServiceAccount: [ageColumn],
  Namespace: [column("Status", "string", (object) => stringAt(status(object), "phase") ?? ""), ageColumn],
  Service: [
    column("Type", "string", (object) => stringAt(spec(object), "type") ?? ""),
    column("Cluster-IP", "string", (object) => stringAt(spec(object), "clusterIP") ?? "<none>"),
    column("External-IP", "string", (object) =>
      spec(object).type === "ExternalName"
        ? (stringAt(spec(object), "externalName") ?? "")
        : spec(object).type === "LoadBalancer"
          ? "<pending>"
          : "<none>",
    ),
    column("Port(s)", "string", servicePorts),
    ageColumn,
    column("Selector", "string", plainSelector, 1),
  ],
  Endpoints: [column("Endpoints", "string", endpointAddresses), ageColumn],
  EndpointSlice: [
    column("AddressType", "string", (object) => stringAt(object, "addressType") ?? ""),
    column(
      "Ports",
      "string",
      (object) =>
        objectsAt(object, "ports")
          .map((port) => String(port.port ?? "*"))
          .join(",") || "<unset>",
    ),
    column(
      "Endpoints",
      "string",
      (object) =>
        objectsAt(object, "endpoints")
          .flatMap((endpoint) => (Array.isArray(endpoint.addresses) ? endpoint.addresses.map(String) : []))
          .join(",") || "<unset>",
    ),
    ageColumn,
  ],
  Node: [
    column("Status", "string", nodeStatus),
    column("Roles", "string", nodeRoles),
    ageColumn,
    column("Version", "string", (object) => stringAt(objectAt(status(object), "nodeInfo"), "kubeletVersion") ?? ""),
    column("Internal-IP", "string", nodeAddress("InternalIP"), 1),
    column("External-IP", "string", nodeAddress("ExternalIP"), 1),
    column("OS-Image", "string", nodeInfo("osImage"), 1),
    column("Kernel-Version", "string", nodeInfo("kernelVersion"), 1),
    column("Container-Runtime", "string", nodeInfo("containerRuntimeVersion"), 1),
  ],
  Event: [
    column("Last Seen", "string", lastSeen),
    column("Type", "string", (object) => stringAt(object, "type") ?? ""),
    column("Reason", "string", (object) => stringAt(object, "reason") ?? ""),
    column("Object", "string", eventObject),
    column("Subobject", "string", (object) => stringAt(objectAt(object, "involvedObject"), "fieldPath") ?? "", 1),
    column("Source", "string", eventSource, 1),
    column("Message", "string", (object) => (stringAt(object, "message") ?? "").trim()),
    column("First Seen", "string", firstSeen, 1),
    column("Count", "string", (object) => eventCount(object), 1),
    { ...column("Name", "string", (object) => object.metadata.name, 1), format: "name" },
  ],
  StatefulSet: [readyOf, ageColumn, containers, images],
  Deployment: [
    readyOf,
    column("Up-to-date", "string", (object) => number(status(object).updatedReplicas)),
    column("Available", "string", (object) => number(status(object).availableReplicas)),
    ageColumn,
    containers,
    images,
    selector,
  ],
  ReplicaSet: [
    column("Desired", "integer", (object) => number(spec(object).replicas)),
    column("Current", "integer", (object) => number(status(object).replicas)),
    column("Ready", "integer", (object) => number(status(object).readyReplicas)),
    ageColumn,
    containers,
    images,
    selector,
  ],
  DaemonSet: [
    column("Desired", "integer", (object) => number(status(object).desiredNumberScheduled)),
    column("Current", "integer", (object) => number(status(object).currentNumberScheduled)),
    column("Ready", "integer", (object) => number(status(object).numberReady)),
    column("Up-to-date", "integer", (object) => number(status(object).updatedNumberScheduled)),
    column("Available", "integer", (object) => number(status(object).numberAvailable)),
    column(
      "Node Selector",
      "string",
      (object) =>
        Object.entries(objectAt(objectAt(objectAt(spec(object), "template"), "spec"), "nodeSelector"))
          .map(([key, value]) => `${key}=${String(value)}`)
          .join(",") || "<none>",
    ),
    ageColumn,
    containers,
    images,
    selector,
  ],
  ControllerRevision: [
    column("Controller", "string", controllerOf),
    column("Revision", "string", (object) => String(number(object.revision))),
    ageColumn,
  ],
  Job: [
    column("Status", "string", jobStatus),
    column("Completions", "string", (object) => `${number(status(object).succeeded)}/${number(spec(object).completions) || 1}`),
    column("Duration", "string", jobDuration),
    ageColumn,
    containers,
    images,
    selector,
  ],
  Lease: [column("Holder", "string", (object) => stringAt(spec(object), "holderIdentity") ?? ""), ageColumn],
  PersistentVolumeClaim: [
    column("Status", "string", (object) =>
      object.metadata.deletionTimestamp ? "Terminating" : (stringAt(status(object), "phase") ?? ""),
    ),
    column("Volume", "string", (object) => stringAt(spec(object), "volumeName") ?? ""),
    column("Capacity", "string", (object) =>
      spec(object).volumeName ? String(objectAt(status(object), "capacity").storage ?? "") : "",
    ),
    column("Access Modes", "string", () => ""),
    column("StorageClass", "string", (object) => stringAt(spec(object), "storageClassName") ?? ""),
    column("VolumeAttributesClass", "string", (object) => stringAt(spec(object), "volumeAttributesClassName") ?? "<unset>"),
    ageColumn,
    column("VolumeMode", "string", (object) => stringAt(spec(object), "volumeMode") ?? "<unset>", 1),
  ],
  PodDisruptionBudget: [
    column("Min Available", "string", (object) => orAll(spec(object).minAvailable)),
    column("Max Unavailable", "string", (object) => orAll(spec(object).maxUnavailable)),
    column("Allowed Disruptions", "integer", (object) => number(status(object).disruptionsAllowed)),
    ageColumn,
  ],
  NetworkPolicy: [
    column("Pod-Selector", "string", (object) => labelSelectorText(objectAt(spec(object), "podSelector")) || "<none>"),
    ageColumn,
  ],
  PriorityClass: [
    column("Value", "integer", (object) => number(object.value)),
    column("Global-Default", "boolean", (object) => object.globalDefault === true),
    ageColumn,
    column("PreemptionPolicy", "string", (object) => stringAt(object, "preemptionPolicy") ?? ""),
  ],
  RoleBinding: bindingColumns,
  ClusterRoleBinding: bindingColumns,
  Role: [column("Created At", "date", (object) => object.metadata.creationTimestamp)],
  ClusterRole: [column("Created At", "date", (object) => object.metadata.creationTimestamp)],
  CustomResourceDefinition: [column("Created At", "date", (object) => object.metadata.creationTimestamp)],
};

export function builtinColumns(kind: string): Column[] | undefined {
  return table[kind];
}
