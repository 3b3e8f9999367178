// The checks of a pod's spec that a wrong manifest meets first (core validation, the common part of it).

import { duplicate, invalidValue, notSupported, required } from "../../errors/field-error.ts";
import type { Cause } from "../../errors/status.ts";
import { isObject, objectsAt, type JsonObject } from "../../json.ts";
import { labelName } from "../names.ts";

const pullPolicies = ["Always", "IfNotPresent", "Never"];
const restartPolicies = ["Always", "OnFailure", "Never"];
const protocols = ["SCTP", "TCP", "UDP"];

function twins(field: string, items: JsonObject[], key: string): Cause[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, index) => {
    const value = item[key];
    if (value === undefined || !seen.has(value)) {
      seen.add(value);
      return [];
    }
    return [duplicate(`${field}[${index}].${key}`, value)];
  });
}

function validatePorts(field: string, ports: JsonObject[]): Cause[] {
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`;
    const number = port.containerPort;
    const causes: Cause[] = [];
    if (!number) causes.push(required(`${at}.containerPort`));
    else if (typeof number !== "number" || number < 1 || number > 65535)
      causes.push(invalidValue(`${at}.containerPort`, number, "must be between 1 and 65535, inclusive"));
    if (!protocols.includes(port.protocol as string)) causes.push(notSupported(`${at}.protocol`, port.protocol, protocols));
    return causes;
  });
}

function validateContainer(field: string, container: JsonObject, volumes: Set<unknown>): Cause[] {
  const causes: Cause[] = [];
  if (!container.name) causes.push(required(`${field}.name`));
  else causes.push(...labelName(String(container.name)).map((error) => invalidValue(`${field}.name`, container.name, error)));
  if (!container.image) causes.push(required(`${field}.image`));
  if (!pullPolicies.includes(container.imagePullPolicy as string))
    causes.push(notSupported(`${field}.imagePullPolicy`, container.imagePullPolicy, pullPolicies));
  causes.push(...validatePorts(`${field}.ports`, objectsAt(container, "ports")));
  for (const [index, variable] of objectsAt(container, "env").entries()) {
    if (!variable.name) causes.push(required(`${field}.env[${index}].name`));
    if (isObject(variable.valueFrom) && variable.value !== undefined && variable.value !== "") {
      causes.push(invalidValue(`${field}.env[${index}].valueFrom`, "", "may not be specified when `value` is not empty"));
    }
  }
  for (const [index, mount] of objectsAt(container, "volumeMounts").entries()) {
    const at = `${field}.volumeMounts[${index}]`;
    if (!mount.name) causes.push(required(`${at}.name`));
    else if (!volumes.has(mount.name))
      causes.push({ reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(mount.name)}`, field: `${at}.name` });
    if (!mount.mountPath) causes.push(required(`${at}.mountPath`));
  }
  return causes;
}

export function validatePodSpec(spec: JsonObject, field: string, claims: string[] = []): Cause[] {
  const causes: Cause[] = [];
  const volumes = objectsAt(spec, "volumes");
  for (const [index, volume] of volumes.entries()) {
    const at = `${field}.volumes[${index}]`;
    if (!volume.name) causes.push(required(`${at}.name`));
    else causes.push(...labelName(String(volume.name)).map((error) => invalidValue(`${at}.name`, volume.name, error)));
    const sources = Object.keys(volume).filter((key) => key !== "name");
    for (const extra of sources.slice(1))
      causes.push({
        reason: "FieldValueForbidden",
        message: "Forbidden: may not specify more than 1 volume type",
        field: `${at}.${extra}`,
      });
  }
  causes.push(...twins(`${field}.volumes`, volumes, "name"));
  const names = new Set<unknown>([...volumes.map((volume) => volume.name), ...claims]);
  const containers = objectsAt(spec, "containers");
  if (containers.length === 0) causes.push(required(`${field}.containers`));
  for (const list of ["containers", "initContainers"]) {
    const items = objectsAt(spec, list);
    for (const [index, container] of items.entries())
      causes.push(...validateContainer(`${field}.${list}[${index}]`, container, names));
    causes.push(...twins(`${field}.${list}`, items, "name"));
  }
  if (!restartPolicies.includes(spec.restartPolicy as string))
    causes.push(notSupported(`${field}.restartPolicy`, spec.restartPolicy, restartPolicies));
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === "number" && grace < 0)
    causes.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than or equal to 0"));
  return causes;
}
