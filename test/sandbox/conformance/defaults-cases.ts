// Cases: what is filled in where a built-in object says nothing, and what of it cannot be changed.

import { apps, deployment, ns, pod, service, statefulSet } from "./objects.ts";
import type { Case } from "./run.ts";

export const defaultsCases: Case[] = [
  {
    name: "a pod gets its defaults, and most of it cannot be changed",
    steps: [
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("a"),
        pick: [
          "metadata",
          "spec.containers",
          "spec.restartPolicy",
          "spec.dnsPolicy",
          "spec.serviceAccountName",
          "spec.serviceAccount",
          "spec.enableServiceLinks",
          "spec.securityContext",
          "spec.schedulerName",
          "spec.terminationGracePeriodSeconds",
          "spec.priority",
          "spec.preemptionPolicy",
          "status.phase",
          "status.qosClass",
        ],
      },
      {
        method: "PATCH",
        path: `${ns}/pods/a`,
        body: { spec: { hostNetwork: true } },
        type: "strategic",
        pick: ["code", "reason", "details.kind"],
      },
      {
        method: "PATCH",
        path: `${ns}/pods/a`,
        body: { spec: { containers: [{ name: "main", image: "registry.example/app:2" }] } },
        type: "strategic",
        pick: ["spec.containers", "metadata.generation"],
      },
      { method: "POST", path: `${ns}/pods`, body: pod("b", { containers: [] }) },
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("b", {
          containers: [
            { name: "Bad_Name", image: "" },
            { name: "x", image: "i", volumeMounts: [{ name: "v", mountPath: "/v" }] },
          ],
        }),
      },
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("b", {
          containers: [
            { name: "x", image: "i" },
            { name: "x", image: "i", imagePullPolicy: "Sometimes" },
          ],
          restartPolicy: "Maybe",
        }),
      },
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("b", {
          containers: [{ name: "x", image: "i", ports: [{ containerPort: 0 }, { containerPort: 70000, protocol: "ICMP" }] }],
        }),
      },
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("q", { containers: [{ name: "x", image: "i", resources: { limits: { cpu: 0.5, memory: "1024Mi" } } }] }),
        pick: ["spec.containers", "status.qosClass"],
      },
      {
        method: "POST",
        path: `${ns}/pods`,
        body: pod("v", {
          containers: [
            {
              name: "x",
              image: "i:latest",
              livenessProbe: { httpGet: { port: 80 } },
              env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
            },
          ],
          volumes: [{ name: "e" }, { name: "c", configMap: { name: "c" } }, { name: "s", secret: { secretName: "s" } }],
        }),
        pick: ["spec.containers"],
      },
    ],
  },
  {
    name: "a StatefulSet gets its defaults, and some of it cannot be changed",
    steps: [
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("s") },
      { method: "PATCH", path: `${apps}/statefulsets/s`, body: { spec: { serviceName: "other" } }, type: "merge" },
      {
        method: "PATCH",
        path: `${apps}/statefulsets/s`,
        body: { spec: { podManagementPolicy: "Parallel" } },
        type: "merge",
        pick: ["code", "message"],
      },
      {
        method: "PATCH",
        path: `${apps}/statefulsets/s`,
        body: { spec: { minReadySeconds: 3 } },
        type: "merge",
        pick: ["spec.minReadySeconds", "metadata.generation"],
      },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("t", { selector: { matchLabels: { app: "other" } } }) },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("t", { selector: undefined, template: undefined }) },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("t", { replicas: -1 }) },
    ],
  },
  {
    name: "a Deployment and a Service get their defaults",
    steps: [
      { method: "POST", path: `${apps}/deployments`, body: deployment("d"), pick: ["spec"] },
      {
        method: "PATCH",
        path: `${apps}/deployments/d`,
        body: { spec: { selector: { matchLabels: { app: "x" } } } },
        type: "merge",
        pick: ["code", "message"],
      },
      { method: "POST", path: `${ns}/services`, body: service("s") },
      {
        method: "POST",
        path: `${ns}/services`,
        body: service("h", {
          clusterIP: "None",
          publishNotReadyAddresses: true,
          ports: [
            { port: 80, name: "a" },
            { port: 81, name: "b", targetPort: "web" },
          ],
        }),
        pick: ["spec"],
      },
      { method: "POST", path: `${ns}/services`, body: service("bad", { ports: [{ port: 0 }, { port: 70000, name: "x" }] }) },
      { method: "POST", path: `${ns}/services`, body: service("bad", { type: "Nonsense", ports: [] }) },
      {
        method: "PATCH",
        path: `${ns}/services/s`,
        body: { spec: { ports: [{ port: 81, name: "more" }] } },
        type: "strategic",
        pick: ["code", "message"],
      },
    ],
  },
  {
    name: "other kinds get their defaults",
    steps: [
      {
        method: "POST",
        path: `${ns}/secrets`,
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { token: "abc" } },
      },
      { method: "PATCH", path: `${ns}/secrets/s`, body: { type: "other" }, type: "merge", pick: ["code", "message"] },
      {
        method: "POST",
        path: `${ns}/secrets`,
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: "t" }, data: { x: "not base64!" } },
        pick: ["code", "reason"],
      },
      {
        method: "POST",
        path: "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
        body: {
          apiVersion: "policy/v1",
          kind: "PodDisruptionBudget",
          metadata: { name: "p" },
          spec: { maxUnavailable: 1, selector: { matchLabels: { a: "b" } } },
        },
        pick: ["spec", "metadata"],
      },
      {
        method: "POST",
        path: "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
        body: {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: "l" },
          spec: { holderIdentity: "me", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" },
        },
      },
      {
        method: "PUT",
        path: "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/new",
        body: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "new" }, spec: {} },
        pick: ["metadata.name"],
      },
      {
        method: "POST",
        path: "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
        body: {
          apiVersion: "networking.k8s.io/v1",
          kind: "NetworkPolicy",
          metadata: { name: "n" },
          spec: { podSelector: {}, ingress: [{}] },
        },
        pick: ["spec", "metadata"],
      },
      {
        method: "POST",
        path: `${ns}/persistentvolumeclaims`,
        body: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "p" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName: "none" },
        },
        pick: ["spec", "status"],
      },
      {
        method: "POST",
        path: `${ns}/serviceaccounts`,
        body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x" }, automountServiceAccountToken: false },
      },
      {
        method: "POST",
        path: "/apis/batch/v1/namespaces/{ns}/jobs",
        body: {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "j" },
          spec: { suspend: true, template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
        },
        pick: ["spec"],
      },
      {
        method: "POST",
        path: "/apis/batch/v1/namespaces/{ns}/jobs",
        body: {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "k" },
          spec: { suspend: true, template: { spec: { containers: [{ name: "c", image: "i" }] } } },
        },
        pick: ["code", "message"],
      },
      {
        method: "POST",
        path: "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices",
        body: {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { name: "e" },
          addressType: "IPv4",
          endpoints: [{ addresses: ["10.0.0.1"] }],
          ports: [{ port: 80 }],
        },
      },
      {
        method: "POST",
        path: "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
        body: {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "RoleBinding",
          metadata: { name: "b:B" },
          roleRef: { kind: "Role", name: "r", apiGroup: "rbac.authorization.k8s.io" },
          subjects: [{ kind: "User", name: "u" }],
        },
      },
    ],
  },
];
