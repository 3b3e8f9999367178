// Services: ports, cluster addresses. Addresses come from 10.96.0.0/16 and are only names here: nothing routes them.

import { invalidValue, notSupported, required, duplicate } from "../../errors/field-error.ts";
import type { Cause } from "../../errors/status.ts";
import { ensureObject, objectAt, objectsAt, type KubeObject } from "../../json.ts";
import type { Strategy } from "../resource.ts";

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const affinities = ["ClientIP", "None"];

/** Derived from the object's own identity, so that no allocator must be kept; twins are as likely as in any 16-bit hash. */
function addressFor(object: KubeObject): string {
  let hash = 2166136261;
  for (const character of object.metadata.uid ?? object.metadata.name) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  const number = (hash >>> 0) % 65_000;
  return `10.96.${(number >> 8) & 255}.${number & 255 || 1}`;
}

function validate(object: KubeObject): Cause[] {
  const spec = objectAt(object, "spec");
  const causes: Cause[] = [];
  const ports = objectsAt(spec, "ports");
  const headless = spec.clusterIP === "None";
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") causes.push(required("spec.ports"));
  const names = new Set<unknown>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (ports.length > 1 && !port.name) causes.push(required(`${at}.name`));
    else if (port.name !== undefined && names.has(port.name)) causes.push(duplicate(`${at}.name`, port.name));
    names.add(port.name);
    if (typeof port.port !== "number" || port.port < 1 || port.port > 65535)
      causes.push(invalidValue(`${at}.port`, port.port, "must be between 1 and 65535, inclusive"));
    const target = port.targetPort;
    if (typeof target === "number" && (target < 1 || target > 65535)) {
      causes.push(invalidValue(`${at}.targetPort`, target, "must be between 1 and 65535, inclusive"));
    }
  }
  if (!types.includes(spec.type as string)) causes.push(notSupported("spec.type", spec.type, types));
  if (!affinities.includes(spec.sessionAffinity as string))
    causes.push(notSupported("spec.sessionAffinity", spec.sessionAffinity, affinities));
  return causes;
}

export const serviceStrategy: Strategy = {
  returnsDeleted: true,
  defaults(object) {
    const spec = ensureObject(object, "spec");
    spec.type ??= "ClusterIP";
    spec.sessionAffinity ??= "None";
    spec.internalTrafficPolicy ??= "Cluster";
    for (const port of objectsAt(spec, "ports")) {
      port.protocol ??= "TCP";
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
    }
    if (spec.type === "NodePort" || spec.type === "LoadBalancer") spec.externalTrafficPolicy ??= "Cluster";
    object.status ??= { loadBalancer: {} };
  },
  prepareForCreate(object) {
    const spec = ensureObject(object, "spec");
    object.status = { loadBalancer: {} };
    if (spec.type === "ExternalName") return;
    if (!spec.clusterIP) spec.clusterIP = addressFor(object);
    spec.clusterIPs = [spec.clusterIP];
    spec.ipFamilies ??= ["IPv4"];
    spec.ipFamilyPolicy ??= "SingleStack";
  },
  prepareForUpdate(object, old) {
    const spec = ensureObject(object, "spec");
    const before = objectAt(old, "spec");
    if (spec.type === "ExternalName") return;
    for (const key of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
      if (before[key] !== undefined) spec[key] ??= before[key];
  },
  validate,
  validateUpdate(object, old) {
    const before = objectAt(old, "spec");
    const after = objectAt(object, "spec");
    const moved =
      before.clusterIP !== undefined &&
      before.clusterIP !== "" &&
      after.clusterIP !== before.clusterIP &&
      after.type !== "ExternalName";
    return [
      ...(moved ? [invalidValue("spec.clusterIPs[0]", [after.clusterIP], "may not change once set")] : []),
      ...validate(object),
    ];
  },
};
