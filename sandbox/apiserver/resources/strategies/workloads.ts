// StatefulSet, Deployment, ReplicaSet, DaemonSet, Job: defaults, checks, and what may not change later.

import { forbiddenField, invalidValue, notSupported, required } from "../../errors/field-error.ts";
import type { Cause } from "../../errors/status.ts";
import { deepEqual, ensureObject, isObject, objectAt, objectsAt, type JsonObject, type KubeObject } from "../../json.ts";
import { labelSelectorOf } from "../../registry/label-selector.ts";
import { validateLabels } from "../../registry/metadata.ts";
import type { Strategy } from "../resource.ts";
import { defaultPodSpec } from "./pod-defaults.ts";
import { validatePodSpec } from "./pod-validation.ts";

function defaultTemplate(spec: JsonObject): void {
  const template = ensureObject(spec, "template");
  defaultPodSpec(ensureObject(template, "spec"));
}

function validateTemplate(spec: JsonObject, claims: string[] = []): Cause[] {
  const causes: Cause[] = [];
  const template = objectAt(spec, "template");
  const labels = objectAt(objectAt(template, "metadata"), "labels") as Record<string, string>;
  const selector = isObject(spec.selector) ? spec.selector : undefined;
  if (!selector) {
    causes.push(required("spec.selector"));
    causes.push(
      invalidValue(
        "spec.template.metadata.labels",
        Object.keys(labels).length > 0 ? labels : null,
        "`selector` does not match template `labels`",
      ),
    );
  } else if (Object.keys(objectAt(selector, "matchLabels")).length + objectsAt(selector, "matchExpressions").length === 0) {
    causes.push(invalidValue("spec.selector", selector, "empty selector is invalid for statefulset"));
  } else if (!labelSelectorOf(selector)(labels)) {
    causes.push(invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
  }
  causes.push(
    ...validateLabels("spec.template.labels", labels),
    ...validatePodSpec(objectAt(template, "spec"), "spec.template.spec", claims),
  );
  return causes;
}

function validateCounts(spec: JsonObject, fields: string[]): Cause[] {
  return fields
    .filter((field) => typeof spec[field] === "number" && spec[field] < 0)
    .map((field) => invalidValue(`spec.${field}`, spec[field], "must be greater than or equal to 0"));
}

/** No count in a status may be above the count of all replicas. */
function validateStatus(object: KubeObject): Cause[] {
  const status = objectAt(object, "status");
  const total = typeof status.replicas === "number" ? status.replicas : 0;
  const causes: Cause[] = [];
  for (const field of ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "fullyLabeledReplicas"]) {
    const count = status[field];
    if (typeof count !== "number") continue;
    if (count < 0) causes.push(invalidValue(`status.${field}`, count, "must be greater than or equal to 0"));
    else if (count > total) causes.push(invalidValue(`status.${field}`, count, "cannot be greater than status.replicas"));
    else if (field === "availableReplicas" && count > (typeof status.readyReplicas === "number" ? status.readyReplicas : 0)) {
      causes.push(invalidValue(`status.${field}`, count, "cannot be greater than readyReplicas"));
    }
  }
  return causes;
}

function alwaysRestarts(spec: JsonObject): Cause[] {
  const policy = objectAt(objectAt(spec, "template"), "spec").restartPolicy;
  return policy === "Always" ? [] : [notSupported("spec.template.spec.restartPolicy", policy, ["Always"])];
}

const immutable = (field: string, object: JsonObject, old: JsonObject): Cause[] =>
  deepEqual(object[field], old[field]) ? [] : [invalidValue(`spec.${field}`, object[field], "field is immutable")];

const claimNames = (spec: JsonObject): string[] =>
  objectsAt(spec, "volumeClaimTemplates").map((claim) => String(objectAt(claim, "metadata").name));

function validateStatefulSet(object: KubeObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...validateCounts(spec, ["replicas", "minReadySeconds"]),
    ...validateTemplate(spec, claimNames(spec)),
    ...alwaysRestarts(spec),
  ];
}

const changeable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

export const statefulSetStrategy: Strategy = {
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultTemplate(spec);
    spec.podManagementPolicy ??= "OrderedReady";
    const strategy = ensureObject(spec, "updateStrategy");
    strategy.type ??= "RollingUpdate";
    if (strategy.type === "RollingUpdate") ensureObject(strategy, "rollingUpdate").partition ??= 0;
    const retention = ensureObject(spec, "persistentVolumeClaimRetentionPolicy");
    retention.whenDeleted ??= "Retain";
    retention.whenScaled ??= "Retain";
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    for (const claim of objectsAt(spec, "volumeClaimTemplates")) {
      claim.apiVersion ??= "v1";
      claim.kind ??= "PersistentVolumeClaim";
      ensureObject(claim, "spec").volumeMode ??= "Filesystem";
      claim.status ??= { phase: "Pending" };
    }
  },
  prepareForCreate(object) {
    object.status = { availableReplicas: 0, replicas: 0 };
  },
  validate: validateStatefulSet,
  validateUpdate(object, old) {
    const fixed = (of: KubeObject): JsonObject =>
      Object.fromEntries(Object.entries(objectAt(of, "spec")).filter(([key]) => !changeable.includes(key)));
    const moved = !deepEqual(fixed(object), fixed(old));
    return [
      ...validateStatefulSet(object),
      ...(moved
        ? [
            forbiddenField(
              "spec",
              "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            ),
          ]
        : []),
    ];
  },
};

function validateDeployment(object: KubeObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...validateCounts(spec, ["replicas", "minReadySeconds"]),
    ...validateTemplate(spec),
    ...alwaysRestarts(spec),
    ...validateStatus(object),
  ];
}

export const deploymentStrategy: Strategy = {
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultTemplate(spec);
    spec.replicas ??= 1;
    const strategy = ensureObject(spec, "strategy");
    strategy.type ??= "RollingUpdate";
    if (strategy.type === "RollingUpdate") {
      const rolling = ensureObject(strategy, "rollingUpdate");
      rolling.maxUnavailable ??= "25%";
      rolling.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateDeployment,
  validateUpdate: (object, old) => [
    ...validateDeployment(object),
    ...immutable("selector", objectAt(object, "spec"), objectAt(old, "spec")),
  ],
};

export const replicaSetStrategy: Strategy = {
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultTemplate(spec);
    spec.replicas ??= 1;
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate: validateDeployment,
  validateUpdate: deploymentStrategy.validateUpdate!,
};

const validateDaemonSet = (object: KubeObject): Cause[] => validateTemplate(objectAt(object, "spec"));

export const daemonSetStrategy: Strategy = {
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultTemplate(spec);
    const strategy = ensureObject(spec, "updateStrategy");
    strategy.type ??= "RollingUpdate";
    if (strategy.type === "RollingUpdate") {
      const rolling = ensureObject(strategy, "rollingUpdate");
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  prepareForCreate(object) {
    object.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  },
  validate: validateDaemonSet,
  validateUpdate: (object, old) => [
    ...validateDaemonSet(object),
    ...immutable("selector", objectAt(object, "spec"), objectAt(old, "spec")),
  ],
};

function validateJob(object: KubeObject): Cause[] {
  const spec = objectAt(object, "spec");
  const causes = [...validateCounts(spec, ["parallelism", "completions", "backoffLimit"]), ...validateTemplate(spec)];
  const policy = objectAt(objectAt(spec, "template"), "spec").restartPolicy;
  if (policy === "Always") causes.push({ ...required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"') });
  return causes;
}

/** A job without a selector of its own gets one from its uid. */
export const jobStrategy: Strategy = {
  defaults(object) {
    const spec = ensureObject(object, "spec");
    defaultTemplate(spec);
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= "NonIndexed";
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= isObject(spec.podFailurePolicy) ? "Failed" : "TerminatingOrFailed";
  },
  prepareForCreate(object) {
    object.status = {};
    const spec = ensureObject(object, "spec");
    if (spec.manualSelector === true) return;
    const uid = object.metadata.uid ?? "";
    const metadata = ensureObject(ensureObject(spec, "template"), "metadata");
    const labels = ensureObject(metadata, "labels");
    for (const prefix of ["", "batch.kubernetes.io/"]) {
      labels[`${prefix}controller-uid`] = uid;
      labels[`${prefix}job-name`] = object.metadata.name;
    }
    spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  },
  validate: validateJob,
  validateUpdate: (object, old) => [
    ...validateJob(object),
    ...immutable("selector", objectAt(object, "spec"), objectAt(old, "spec")),
    ...immutable("completions", objectAt(object, "spec"), objectAt(old, "spec")),
  ],
};
