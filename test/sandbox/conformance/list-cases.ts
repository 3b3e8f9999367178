// Cases: lists, pages, selectors, tables, deletion of many, finalizers.

import { apps, configMap, deployment, ns, pod, river, rivers, service, statefulSet } from "./objects.ts";
import type { Case } from "./run.ts";

const make = (name: string, labels: object) => ({
  method: "POST" as const,
  path: `${ns}/configmaps`,
  body: configMap(name, { labels }),
  pick: ["kind"],
});
const only = `${ns}/configmaps?labelSelector=set`;
/** What a table looks like, without its texts about columns. */
const shown = ["columnDefinitions", "rows"];
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };

export const listCases: Case[] = [
  {
    name: "selectors, pages and bulk deletion",
    steps: [
      make("a", { set: "1", tier: "x" }),
      make("b", { set: "2", tier: "y" }),
      make("c", { set: "3" }),
      { method: "GET", path: only, pick: ["kind", "apiVersion", "metadata", "items.length"] },
      { method: "GET", path: `${only},tier%3Dx`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${only},tier!%3Dx`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${only},!tier`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${only},set+notin+(1,2)`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${ns}/configmaps?fieldSelector=metadata.name%3Db`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${ns}/configmaps?fieldSelector=data.a%3D1` },
      { method: "GET", path: `${ns}/pods?fieldSelector=spec.color%3Dred` },
      { method: "GET", path: `${only}&limit=2`, pick: ["metadata", "items.length"] },
      { method: "GET", path: `${ns}/configmaps?continue=nonsense`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?resourceVersion=99999999`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?resourceVersion=x`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?resourceVersionMatch=Exact`, pick: ["code", "message"] },
      { method: "DELETE", path: `${only},tier`, pick: ["kind", "items.length"] },
      { method: "GET", path: only, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${ns}/configmaps/a`, pick: ["code", "message"] },
    ],
  },
  {
    name: "finalizers keep an object",
    steps: [
      { method: "POST", path: `${ns}/configmaps`, body: configMap("f", { finalizers: ["example.com/wait"] }), pick: ["kind"] },
      { method: "DELETE", path: `${ns}/configmaps/f` },
      { method: "DELETE", path: `${ns}/configmaps/f`, pick: ["metadata.deletionTimestamp"] },
      {
        method: "PATCH",
        path: `${ns}/configmaps/f`,
        type: "merge",
        body: { metadata: { finalizers: ["example.com/wait", "example.com/more"] } },
      },
      {
        method: "PATCH",
        path: `${ns}/configmaps/f`,
        type: "merge",
        body: { metadata: { finalizers: null } },
        pick: ["kind", "metadata.name"],
      },
      { method: "GET", path: `${ns}/configmaps/f`, pick: ["code"] },
    ],
  },
  {
    name: "preconditions and options of a deletion",
    steps: [
      { method: "POST", path: `${ns}/configmaps`, body: configMap("p"), pick: ["kind"] },
      {
        method: "DELETE",
        path: `${ns}/configmaps/p`,
        body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "00000000-0000-0000-0000-000000000000" } },
      },
      {
        method: "DELETE",
        path: `${ns}/configmaps/p`,
        body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { resourceVersion: "1" } },
        pick: ["code", "reason"],
      },
      { method: "DELETE", path: `${ns}/configmaps/p?propagationPolicy=Sideways`, pick: ["code", "reason"] },
      { method: "DELETE", path: `${ns}/configmaps/p?dryRun=All`, pick: ["status"] },
      { method: "GET", path: `${ns}/configmaps/p`, pick: ["kind"] },
      { method: "DELETE", path: `${ns}/configmaps/p?propagationPolicy=Foreground`, pick: ["kind"] },
    ],
  },
  {
    name: "pods are deleted with grace",
    steps: [
      { method: "POST", path: `${ns}/pods`, body: pod("p"), pick: ["kind"] },
      {
        method: "DELETE",
        path: `${ns}/pods/p`,
        pick: ["kind", "metadata.deletionGracePeriodSeconds", "metadata.deletionTimestamp", "metadata.generation"],
      },
      { method: "DELETE", path: `${ns}/pods/p?gracePeriodSeconds=5`, pick: ["metadata.deletionGracePeriodSeconds"] },
      { method: "DELETE", path: `${ns}/pods/p?gracePeriodSeconds=0`, pick: ["kind", "metadata.deletionGracePeriodSeconds"] },
      { method: "GET", path: `${ns}/pods/p`, pick: ["code"] },
    ],
  },
  {
    name: "tables",
    steps: [
      { method: "POST", path: `${ns}/pods`, body: pod("p"), pick: ["kind"] },
      {
        method: "PATCH",
        path: `${ns}/pods/p/status`,
        type: "strategic",
        body: {
          status: {
            phase: "Running",
            podIP: "127.0.0.9",
            containerStatuses: [
              {
                name: "main",
                ready: true,
                restartCount: 2,
                image: "i",
                imageID: "i",
                state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
              },
            ],
          },
        },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `${ns}/pods?includeObject=None`,
        headers: table,
        pick: ["kind", "apiVersion", "rows", "columnDefinitions.length"],
      },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("s"), pick: ["kind"] },
      { method: "GET", path: `${apps}/statefulsets?includeObject=None`, headers: table, pick: ["rows"] },
      { method: "GET", path: `${apps}/statefulsets/s`, headers: table, pick: ["kind", "rows.length", "rows.0.object.kind"] },
      {
        method: "GET",
        path: `${apps}/statefulsets/s`,
        headers: { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
        pick: ["kind", "apiVersion", "metadata.name", "spec"],
      },
      { method: "GET", path: `${apps}/statefulsets`, headers: { accept: "text/html" }, pick: ["code"] },
    ],
  },
  {
    name: "tables of many kinds",
    steps: [
      {
        method: "POST",
        path: `${ns}/services`,
        body: service("s", {
          ports: [
            { port: 80, name: "a" },
            { port: 81, name: "b", protocol: "UDP" },
          ],
          clusterIP: "None",
        }),
        pick: ["kind"],
      },
      {
        method: "POST",
        path: `${ns}/services`,
        body: service("x", { type: "ExternalName", externalName: "example.com", ports: [] }),
        pick: ["kind"],
      },
      { method: "GET", path: `${ns}/services?includeObject=None`, headers: table, pick: shown },
      { method: "POST", path: `${ns}/configmaps`, body: configMap("c", { labels: { mine: "1" } }), pick: ["kind"] },
      { method: "GET", path: `${ns}/configmaps?includeObject=None&labelSelector=mine`, headers: table, pick: shown },
      {
        method: "POST",
        path: `${ns}/secrets`,
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "1" } },
        pick: ["kind"],
      },
      { method: "GET", path: `${ns}/secrets?includeObject=None`, headers: table, pick: shown },
      { method: "POST", path: `${apps}/deployments`, body: deployment("d"), pick: ["kind"] },
      { method: "GET", path: `${apps}/deployments?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${apps}/replicasets?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${apps}/daemonsets?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${apps}/statefulsets?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${apps}/controllerrevisions?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${ns}/pods?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `${ns}/serviceaccounts/default?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: "/api/v1/namespaces/{ns}?includeObject=None", headers: table, pick: shown },
      {
        method: "POST",
        path: `${ns}/events`,
        body: {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: "e" },
          involvedObject: { kind: "Pod", name: "p", namespace: "{ns}", fieldPath: "spec.containers{c}" },
          reason: "R",
          message: "M\n",
          type: "Normal",
          count: 2,
          source: { component: "c", host: "h" },
        },
        pick: ["kind"],
      },
      { method: "GET", path: `${ns}/events?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: `/apis/events.k8s.io/v1/namespaces/{ns}/events?includeObject=None`, headers: table, pick: shown },
      {
        method: "POST",
        path: `/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets`,
        body: {
          apiVersion: "policy/v1",
          kind: "PodDisruptionBudget",
          metadata: { name: "p" },
          spec: { minAvailable: "50%", selector: { matchLabels: { a: "b" } } },
        },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets?includeObject=None`,
        headers: table,
        pick: shown,
      },
      {
        method: "POST",
        path: `/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies`,
        body: {
          apiVersion: "networking.k8s.io/v1",
          kind: "NetworkPolicy",
          metadata: { name: "n" },
          spec: { podSelector: { matchLabels: { a: "b" }, matchExpressions: [{ key: "c", operator: "In", values: ["d"] }] } },
        },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies?includeObject=None`,
        headers: table,
        pick: shown,
      },
      {
        method: "POST",
        path: `/apis/coordination.k8s.io/v1/namespaces/{ns}/leases`,
        body: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec: { holderIdentity: "me" } },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `/apis/coordination.k8s.io/v1/namespaces/{ns}/leases?includeObject=None`,
        headers: table,
        pick: shown,
      },
      {
        method: "POST",
        path: `${ns}/endpoints`,
        body: {
          apiVersion: "v1",
          kind: "Endpoints",
          metadata: { name: "e" },
          subsets: [
            {
              addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }],
              ports: [
                { port: 80, name: "a" },
                { port: 81, name: "b" },
              ],
            },
          ],
        },
        pick: ["subsets"],
      },
      { method: "GET", path: `${ns}/endpoints/e?includeObject=None`, headers: table, pick: shown },
      {
        method: "POST",
        path: `/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices`,
        body: {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { name: "e" },
          addressType: "IPv4",
          endpoints: [{ addresses: ["10.0.0.1"] }],
          ports: [{ port: 80 }],
        },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices/e?includeObject=None`,
        headers: table,
        pick: shown,
      },
      {
        method: "POST",
        path: `/apis/batch/v1/namespaces/{ns}/jobs`,
        body: {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "j" },
          spec: { suspend: true, template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
        },
        pick: ["kind"],
      },
      {
        method: "GET",
        path: `/apis/batch/v1/namespaces/{ns}/jobs?includeObject=None`,
        headers: table,
        pick: ["columnDefinitions"],
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
        pick: ["kind"],
      },
      { method: "GET", path: `${ns}/persistentvolumeclaims?includeObject=None`, headers: table, pick: shown },
      { method: "GET", path: "/api/v1/nodes?includeObject=None", headers: table, pick: ["columnDefinitions"] },
      {
        method: "GET",
        path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rivers.conformance.example.com?includeObject=None",
        headers: table,
        pick: ["columnDefinitions"],
      },
      {
        method: "GET",
        path: "/apis/scheduling.k8s.io/v1/priorityclasses?includeObject=None&fieldSelector=metadata.name%3Dnone",
        headers: table,
        pick: ["columnDefinitions"],
      },
      {
        method: "GET",
        path: "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings?includeObject=None",
        headers: table,
        pick: ["columnDefinitions"],
      },
      {
        method: "GET",
        path: "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles?includeObject=None",
        headers: table,
        pick: ["columnDefinitions"],
      },
    ],
  },
  {
    name: "what a deletion answers",
    steps: [
      { method: "POST", path: `${ns}/services`, body: service("s"), pick: ["kind"] },
      { method: "DELETE", path: `${ns}/services/s`, pick: ["kind", "status"] },
      {
        method: "POST",
        path: `${ns}/serviceaccounts`,
        body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x" } },
        pick: ["kind"],
      },
      { method: "DELETE", path: `${ns}/serviceaccounts/x`, pick: ["kind", "status"] },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("s"), pick: ["kind"] },
      { method: "DELETE", path: `${apps}/statefulsets/s?propagationPolicy=Background`, pick: ["kind", "status", "details"] },
      { method: "POST", path: rivers, body: river("r"), pick: ["kind"] },
      { method: "DELETE", path: `${rivers}/r`, pick: ["kind", "status", "details"] },
      {
        method: "POST",
        path: rivers,
        body: river("f", {}, { finalizers: ["example.com/x"] }),
        pick: ["kind", "metadata.generation"],
      },
      { method: "DELETE", path: `${rivers}/f`, pick: ["kind", "metadata.generation", "metadata.deletionGracePeriodSeconds"] },
      { method: "PATCH", path: `${rivers}/f`, type: "merge", body: { spec: { workers: 5 } }, pick: ["metadata.generation"] },
      {
        method: "PATCH",
        path: `${rivers}/f`,
        type: "merge",
        body: { metadata: { finalizers: [] } },
        pick: ["kind", "metadata.finalizers"],
      },
      { method: "GET", path: `${rivers}/f`, pick: ["code"] },
    ],
  },
  {
    name: "watches that cannot be",
    steps: [
      { method: "GET", path: `${ns}/configmaps?watch=true&resourceVersion=x`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?watch=true&resourceVersionMatch=Exact&resourceVersion=1`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?watch=true&sendInitialEvents=true`, pick: ["code", "reason"] },
    ],
  },
];
