// Defaults of a pod's spec, in pods and in the templates of workloads (core/v1 SetDefaults_*).
// Invariant: adds only fields that are absent.

import { ensureObject, isObject, objectAt, objectsAt, type JsonObject } from "../../json.ts";

function pullPolicy(image: unknown): string {
  const name = typeof image === "string" ? image.slice(image.lastIndexOf("/") + 1) : "";
  if (name.includes("@")) return "IfNotPresent";
  const tag = name.includes(":") ? name.slice(name.indexOf(":") + 1) : "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function defaultProbe(probe: JsonObject): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHandler(probe);
}

function defaultHandler(handler: JsonObject): void {
  if (!isObject(handler.httpGet)) return;
  handler.httpGet.path ??= "/";
  handler.httpGet.scheme ??= "HTTP";
}

function defaultContainer(container: JsonObject): void {
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.imagePullPolicy ??= pullPolicy(container.image);
  container.resources ??= {};
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"])
    if (isObject(container[name])) defaultProbe(container[name]);
  for (const handler of Object.values(objectAt(container, "lifecycle"))) if (isObject(handler)) defaultHandler(handler);
  for (const port of objectsAt(container, "ports")) port.protocol ??= "TCP";
  for (const variable of objectsAt(container, "env")) {
    const reference = objectAt(objectAt(variable, "valueFrom"), "fieldRef");
    if (reference.fieldPath !== undefined) reference.apiVersion ??= "v1";
  }
  // A limit without a request is also the request.
  const resources = objectAt(container, "resources");
  if (isObject(resources.limits)) {
    const requests = ensureObject(resources, "requests");
    for (const [name, amount] of Object.entries(resources.limits)) requests[name] ??= amount;
  }
}

const modes: [string, number][] = [
  ["configMap", 420],
  ["secret", 420],
  ["downwardAPI", 420],
  ["projected", 420],
];

function defaultVolume(volume: JsonObject): void {
  const sources = Object.keys(volume).filter((key) => key !== "name");
  if (sources.length === 0) volume.emptyDir = {};
  for (const [source, mode] of modes) if (isObject(volume[source])) volume[source].defaultMode ??= mode;
  if (isObject(volume.hostPath)) volume.hostPath.type ??= "";
  for (const item of objectsAt(objectAt(volume, "downwardAPI"), "items")) {
    if (isObject(item.fieldRef)) item.fieldRef.apiVersion ??= "v1";
  }
  for (const source of objectsAt(objectAt(volume, "projected"), "sources")) {
    if (isObject(source.serviceAccountToken)) source.serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of objectsAt(objectAt(source, "downwardAPI"), "items")) {
      if (isObject(item.fieldRef)) item.fieldRef.apiVersion ??= "v1";
    }
  }
}

export function defaultPodSpec(spec: JsonObject): void {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount !== undefined) spec.serviceAccountName = spec.serviceAccount;
  for (const list of ["containers", "initContainers", "ephemeralContainers"])
    for (const container of objectsAt(spec, list)) defaultContainer(container);
  for (const volume of objectsAt(spec, "volumes")) defaultVolume(volume);
}
