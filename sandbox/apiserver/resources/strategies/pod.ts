// Pods: defaults, quality of service, graceful deletion.
// Invariant: a pod that runs somewhere is only marked by a delete; its kubelet removes it with a grace period of 0.

import { forbiddenField } from "../../errors/field-error.ts";
import { deepEqual, ensureObject, objectAt, objectsAt, stringAt, type Json, type JsonObject, type KubeObject } from "../../json.ts";
import type { Strategy } from "../resource.ts";
import { defaultPodSpec } from "./pod-defaults.ts";
import { validatePodSpec } from "./pod-validation.ts";

/** Guaranteed, Burstable or BestEffort, from the resources of all containers. */
export function qualityOfService(spec: JsonObject): string {
  const containers = [...objectsAt(spec, "containers"), ...objectsAt(spec, "initContainers")];
  const amounts = containers.map((container) => objectAt(container, "resources"));
  const compute = (of: JsonObject): Json =>
    Object.fromEntries(Object.entries(of).filter(([name]) => name === "cpu" || name === "memory")) as JsonObject;
  const any = amounts.some((one) =>
    [one.requests, one.limits].some((part) => part && Object.keys(compute(part as JsonObject) as JsonObject).length > 0),
  );
  if (!any) return "BestEffort";
  const exact = amounts.every((one) => {
    const limits = compute(objectAt(one, "limits")) as JsonObject;
    return "cpu" in limits && "memory" in limits && deepEqual(limits, compute(objectAt(one, "requests")));
  });
  return exact ? "Guaranteed" : "Burstable";
}

const mutable = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates", "nodeName"];

function frozen(spec: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(spec)) if (!mutable.includes(key)) out[key] = value;
  for (const list of ["containers", "initContainers"]) {
    if (Array.isArray(spec[list])) out[list] = objectsAt(spec, list).map(({ image: _, ...rest }) => rest);
  }
  delete out.ephemeralContainers;
  return out;
}

export const podStrategy: Strategy = {
  returnsDeleted: true,
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultPodSpec(spec);
    spec.enableServiceLinks ??= true;
    for (const condition of objectsAt(objectAt(object, "status"), "conditions")) {
      condition.lastProbeTime ??= null;
      condition.lastTransitionTime ??= null;
    }
    const status = objectAt(object, "status");
    if (status.podIP && !Array.isArray(status.podIPs)) status.podIPs = [{ ip: status.podIP }];
  },
  prepareForCreate(object) {
    const spec = ensureObject(object, "spec");
    spec.serviceAccountName ??= "default";
    spec.serviceAccount = spec.serviceAccountName;
    spec.preemptionPolicy ??= "PreemptLowerPriority";
    spec.priority ??= 0;
    object.status = { phase: "Pending", qosClass: qualityOfService(spec) };
  },
  validate: (object) => validatePodSpec(objectAt(object, "spec"), "spec"),
  validateUpdate(object, old) {
    const causes = validatePodSpec(objectAt(object, "spec"), "spec");
    if (!deepEqual(frozen(objectAt(object, "spec")), frozen(objectAt(old, "spec")))) {
      causes.push(
        forbiddenField(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ),
      );
    }
    return causes;
  },
  gracePeriod(object: KubeObject, asked: number | undefined): number {
    const spec = objectAt(object, "spec");
    const phase = stringAt(objectAt(object, "status"), "phase");
    // Nobody runs it, or nothing of it runs: there is nothing to wait for.
    if (!spec.nodeName || phase === "Succeeded" || phase === "Failed") return 0;
    const period = asked ?? (typeof spec.terminationGracePeriodSeconds === "number" ? spec.terminationGracePeriodSeconds : 30);
    return Math.max(0, period);
  },
};
