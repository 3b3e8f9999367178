// Which strategy each built-in kind has; a kind that is not named is stored as it comes.

import { isObject, objectsAt, ensureObject, objectAt, stringAt, type KubeObject } from "../json.ts";
import { configMapStrategy, secretStrategy } from "./strategies/configuration.ts";
import { customResourceDefinitionStrategy } from "../custom/definition-strategy.ts";
import { podStrategy } from "./strategies/pod.ts";
import type { Strategy } from "./resource.ts";
import { serviceStrategy } from "./strategies/service.ts";
import {
  daemonSetStrategy,
  deploymentStrategy,
  jobStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from "./strategies/workloads.ts";

const namespaceStrategy: Strategy = {
  returnsDeleted: true,
  prepareForCreate(object) {
    object.spec = { finalizers: ["kubernetes"] };
    object.status = { phase: "Active" };
  },
  prepareForUpdate(object, old) {
    if (object.spec !== undefined && old.spec !== undefined && !isObject((object as KubeObject).spec)) object.spec = old.spec;
  },
  defaults(object) {
    const labels = (object.metadata.labels ??= {});
    if (object.metadata.name) labels["kubernetes.io/metadata.name"] = object.metadata.name;
  },
};

const claimStrategy: Strategy = {
  returnsDeleted: true,
  prepareForCreate(object) {
    object.status = { phase: "Pending" };
  },
  defaults(object) {
    const spec = ensureObject(object, "spec");
    spec.volumeMode ??= "Filesystem";
  },
};

const budgetStrategy: Strategy = {
  prepareForCreate(object) {
    delete object.status;
    object.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
};

const eventTimes = (...nulls: string[]): Strategy => ({ createOnUpdate: true, nulls });

const endpointsStrategy: Strategy = {
  createOnUpdate: true,
  defaults(object) {
    for (const subset of objectsAt(object, "subsets")) for (const port of objectsAt(subset, "ports")) port.protocol ??= "TCP";
  },
};

const sliceStrategy: Strategy = {
  defaults(object) {
    for (const port of Array.isArray(object.ports) ? object.ports : []) {
      if (!isObject(port)) continue;
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
};

const createOnUpdate: Strategy = { createOnUpdate: true };

const networkPolicyStrategy: Strategy = {
  defaults(object) {
    const spec = objectAt(object, "spec");
    if (!Array.isArray(spec.policyTypes) || spec.policyTypes.length === 0) {
      spec.policyTypes = ["Ingress", ...(Array.isArray(spec.egress) && spec.egress.length > 0 ? ["Egress"] : [])];
    }
  },
};

const priorityClassStrategy: Strategy = {
  defaults(object) {
    object.preemptionPolicy ??= "PreemptLowerPriority";
  },
};

const bindingStrategy: Strategy = {
  createOnUpdate: true,
  defaults(object) {
    for (const subject of Array.isArray(object.subjects) ? object.subjects : []) {
      if (isObject(subject) && !stringAt(subject, "apiGroup") && stringAt(subject, "kind") !== "ServiceAccount") {
        subject.apiGroup = "rbac.authorization.k8s.io";
      }
    }
  },
};

const strategies: Record<string, Strategy> = {
  "/Namespace": namespaceStrategy,
  "/Pod": podStrategy,
  "/Service": serviceStrategy,
  "/ConfigMap": configMapStrategy,
  "/Secret": secretStrategy,
  "/Endpoints": endpointsStrategy,
  "/Event": eventTimes("eventTime", "firstTimestamp", "lastTimestamp"),
  "/PersistentVolumeClaim": claimStrategy,
  "/ServiceAccount": { returnsDeleted: true },
  "apps/StatefulSet": statefulSetStrategy,
  "apps/Deployment": deploymentStrategy,
  "apps/ReplicaSet": replicaSetStrategy,
  "apps/DaemonSet": daemonSetStrategy,
  "batch/Job": jobStrategy,
  "coordination.k8s.io/Lease": createOnUpdate,
  "discovery.k8s.io/EndpointSlice": sliceStrategy,
  "events.k8s.io/Event": eventTimes("eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"),
  "networking.k8s.io/NetworkPolicy": networkPolicyStrategy,
  "policy/PodDisruptionBudget": budgetStrategy,
  "rbac.authorization.k8s.io/ClusterRole": createOnUpdate,
  "rbac.authorization.k8s.io/ClusterRoleBinding": bindingStrategy,
  "rbac.authorization.k8s.io/Role": createOnUpdate,
  "rbac.authorization.k8s.io/RoleBinding": bindingStrategy,
  "scheduling.k8s.io/PriorityClass": priorityClassStrategy,
  "apiextensions.k8s.io/CustomResourceDefinition": customResourceDefinitionStrategy,
};

export function strategyOf(group: string, kind: string): Strategy {
  return strategies[`${group}/${kind}`] ?? {};
}
