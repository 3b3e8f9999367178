// Cases: lists, pages, selectors, tables, deletion of many, finalizers.

import { apps, configMap, ns, pod, statefulSet } from "./objects.ts";
import type { Case } from "./run.ts";

const make = (name: string, labels: object) => ({
  method: "POST" as const,
  path: `${ns}/configmaps`,
  body: configMap(name, { labels }),
  pick: ["kind"],
});
const only = `${ns}/configmaps?labelSelector=set`;
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
      { method: "GET", path: `${only}+notin+(1,2)`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${ns}/configmaps?fieldSelector=metadata.name%3Db`, pick: ["items.0.metadata.name", "items.length"] },
      { method: "GET", path: `${ns}/configmaps?fieldSelector=data.a%3D1` },
      { method: "GET", path: `${ns}/pods?fieldSelector=spec.color%3Dred` },
      { method: "GET", path: `${ns}/configmaps?limit=2`, pick: ["metadata", "items.length"] },
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
    name: "watches that cannot be",
    steps: [
      { method: "GET", path: `${ns}/configmaps?watch=true&resourceVersion=x`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?watch=true&resourceVersionMatch=Exact&resourceVersion=1`, pick: ["code", "reason"] },
      { method: "GET", path: `${ns}/configmaps?watch=true&sendInitialEvents=true`, pick: ["code", "reason"] },
    ],
  },
];
