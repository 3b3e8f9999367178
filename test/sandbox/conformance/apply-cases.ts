// Cases: server-side apply: ownership, conflicts, what disappears when it is no longer said.

import { apps, configMap, ns, river, rivers, service, statefulSet } from "./objects.ts";
import type { Case, Step } from "./run.ts";

const apply = (path: string, manager: string, body: unknown, more: Partial<Step> = {}, force = false): Step => ({
  method: "PATCH",
  path: `${path}?fieldManager=${manager}${force ? "&force=true" : ""}`,
  type: "apply",
  body,
  ...more,
});

const map = (data: object | undefined, metadata: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", ...metadata },
  ...(data ? { data } : {}),
});
const at = `${ns}/configmaps/a`;
const owners = { pick: ["data", "metadata.labels", "metadata.managedFields"] };
const sts = `${apps}/statefulsets/s`;
const set = (spec: object): object => ({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "s" }, spec });
const setOwners = { pick: ["spec", "metadata.managedFields"] };
const flow = `${rivers}/r`;
const flowOwners = { pick: ["spec", "status", "metadata.managedFields", "metadata.generation"] };
const template = (containers: object[]): object => ({ metadata: { labels: { app: "s" } }, spec: { containers } });
const base = (containers: object[], more: object = {}): object =>
  set({ replicas: 0, serviceName: "s", selector: { matchLabels: { app: "s" } }, template: template(containers), ...more });

export const applyCases: Case[] = [
  {
    name: "apply creates, changes nothing when repeated, and takes away what is no longer said",
    steps: [
      apply(at, "one", map({ a: "1", b: "2" }, { labels: { l: "1" } })),
      apply(at, "one", map({ a: "1", b: "2" }, { labels: { l: "1" } }), owners),
      apply(at, "one", map({ a: "1" }), owners),
      apply(at, "one", map(undefined), owners),
    ],
  },
  {
    name: "two appliers conflict, force, and share",
    steps: [
      apply(at, "one", map({ a: "1", b: "2" }), owners),
      apply(at, "two", map({ a: "9", c: "3" })),
      apply(at, "two", map({ a: "9", b: "8", c: "3" })),
      apply(at, "two", map({ a: "9", c: "3" }), owners, true),
      apply(at, "one", map({ b: "2" }), owners),
      apply(at, "two", map({ b: "2", a: "9" }), owners),
      apply(at, "one", map({}), owners),
    ],
  },
  {
    name: "updates take ownership and are conflicts for appliers",
    steps: [
      { method: "POST", path: `${ns}/configmaps?fieldManager=creator`, body: configMap("a"), ...owners },
      apply(at, "one", map({ a: "7" })),
      apply(at, "one", map({ a: "1" }), owners),
      { method: "PATCH", path: `${at}?fieldManager=patcher`, type: "merge", body: { data: { a: "5", d: "4" } }, ...owners },
      { method: "PATCH", path: `${at}?fieldManager=patcher`, type: "merge", body: { data: { b: null } }, ...owners },
      { method: "PATCH", path: `${at}?fieldManager=patcher`, type: "merge", body: { data: { d: "4" } }, ...owners },
      apply(at, "one", map({ a: "1" }), owners, true),
      { method: "PATCH", path: `${at}?fieldManager=other`, type: "merge", body: { metadata: { managedFields: [{}] } }, ...owners },
      { method: "PATCH", path: `${at}?fieldManager=other`, type: "merge", body: { metadata: { labels: { x: "y" } } }, ...owners },
    ],
  },
  {
    name: "apply has its own rules",
    steps: [
      { method: "PATCH", path: at, type: "apply", body: map({ a: "1" }) },
      apply(at, "one", map({ a: "1" }, { managedFields: [{ manager: "x" }] })),
      apply(at, "one", map({ a: "1" }, { name: "other" })),
      apply(at, "one", { metadata: { name: "a" }, data: {} }, { pick: ["code", "reason"] }),
      apply(at, "one", { ...map({ a: "1" }), extra: 1 }, { pick: ["code", "reason"] }),
      apply(at, "one", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  yaml: spoken\n", owners),
      apply(at, "one", map({ a: "1" }, { uid: "00000000-0000-0000-0000-000000000000" })),
      apply(at, "one", map({ a: "1" }, { resourceVersion: "1" })),
      apply(
        `${ns}/configmaps/dry`,
        "one",
        { ...map({ a: "1" }), metadata: { name: "dry" } },
        { path: `${ns}/configmaps/dry?fieldManager=one&dryRun=All`, pick: ["data"] },
      ),
      { method: "GET", path: `${ns}/configmaps/dry`, pick: ["code"] },
    ],
  },
  {
    name: "apply of a StatefulSet: lists by key, defaults owned by nobody",
    steps: [
      apply(
        sts,
        "one",
        base([{ name: "main", image: "i:1", ports: [{ containerPort: 80 }], env: [{ name: "A", value: "1" }] }]),
        setOwners,
      ),
      apply(sts, "two", set({ template: { spec: { containers: [{ name: "side", image: "s:1" }] } } }), setOwners),
      apply(sts, "one", base([{ name: "main", image: "i:2", env: [{ name: "B", value: "2" }] }]), setOwners),
      {
        method: "PATCH",
        path: `${apps}/statefulsets/s/scale?fieldManager=scaler`,
        type: "merge",
        body: { spec: { replicas: 0 } },
        pick: ["spec"],
      },
      {
        method: "PATCH",
        path: `${sts}?fieldManager=restarter`,
        type: "strategic",
        body: { spec: { template: { metadata: { annotations: { at: "now" } } } } },
        pick: ["spec.template.metadata", "metadata.managedFields"],
      },
      apply(
        sts,
        "one",
        base([{ name: "main", image: "i:2", env: [{ name: "B", value: "2" }] }], { replicas: undefined }),
        setOwners,
      ),
      apply(sts, "two", set({}), setOwners),
    ],
  },
  {
    name: "status has managers of its own",
    steps: [
      {
        method: "POST",
        path: `${apps}/statefulsets?fieldManager=creator`,
        body: statefulSet("s"),
        pick: ["metadata.managedFields"],
      },
      {
        method: "PATCH",
        path: `${sts}/status?fieldManager=watcher`,
        type: "merge",
        body: {
          status: {
            replicas: 2,
            readyReplicas: 2,
            conditions: [{ type: "X", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
          },
        },
        pick: ["metadata.managedFields"],
      },
      apply(
        `${sts}/status`,
        "teller",
        {
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          metadata: { name: "s" },
          status: { conditions: [{ type: "Y", status: "False", lastTransitionTime: "2026-01-01T00:00:00Z" }] },
        },
        { pick: ["metadata.managedFields"] },
      ),
    ],
  },
  {
    name: "apply of a custom resource and of its status",
    steps: [
      apply(
        flow,
        "one",
        river("r", { ports: [{ name: "a", number: 1 }], tags: ["x"], params: { deep: { er: 1 } }, labels: { l: "1" } }),
        flowOwners,
      ),
      apply(
        flow,
        "two",
        {
          apiVersion: "conformance.example.com/v1",
          kind: "River",
          metadata: { name: "r" },
          spec: { image: "app", ports: [{ name: "b", number: 2 }], tags: ["y"], params: { deep: { too: 2 } } },
        },
        flowOwners,
      ),
      apply(
        flow,
        "two",
        { apiVersion: "conformance.example.com/v1", kind: "River", metadata: { name: "r" }, spec: { image: "app2" } },
        { pick: ["code", "message", "details"] },
      ),
      apply(
        `${flow}/status`,
        "one",
        {
          apiVersion: "conformance.example.com/v1",
          kind: "River",
          metadata: { name: "r" },
          status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
        },
        flowOwners,
      ),
      apply(
        `${flow}/status`,
        "two",
        {
          apiVersion: "conformance.example.com/v1",
          kind: "River",
          metadata: { name: "r" },
          status: { phase: "Failed", conditions: [{ type: "Degraded", status: "True" }] },
        },
        { pick: ["code", "message"] },
      ),
      apply(flow, "one", river("r", {}), flowOwners),
      {
        method: "PATCH",
        path: `${flow}?fieldManager=three`,
        type: "merge",
        body: { metadata: { finalizers: ["example.com/x"], labels: { a: "b" } } },
        pick: ["metadata.managedFields", "metadata.generation"],
      },
      {
        method: "PATCH",
        path: `${flow}?fieldManager=three`,
        type: "merge",
        body: { metadata: { finalizers: null } },
        pick: ["metadata.managedFields"],
      },
      {
        method: "PATCH",
        path: `${flow}/scale?fieldManager=scaler`,
        type: "merge",
        body: { spec: { workers: 9, replicas: 9 } },
        pick: ["spec", "status"],
      },
      { method: "GET", path: flow, pick: ["spec.workers", "metadata.managedFields"] },
      apply(
        flow,
        "one",
        { apiVersion: "conformance.example.com/v1", kind: "River", metadata: { name: "r" }, spec: { image: "app", unknown: 1 } },
        { pick: ["code", "reason"] },
      ),
    ],
  },
  {
    name: "apply of empty, atomic and shared values",
    steps: [
      apply(
        flow,
        "one",
        river("r", { labels: {}, tags: [], ports: [], whole: { a: "1" }, plain: [1, 2], params: { list: [{ x: 1 }], none: null } }),
        flowOwners,
      ),
      apply(flow, "two", river("r", { tags: ["a", "b"], whole: { b: "2" } }), { pick: ["code", "message"] }),
      apply(flow, "two", river("r", { tags: ["a", "b"], labels: { l: "1" } }), flowOwners),
      apply(flow, "three", river("r", { tags: ["b", "c"], labels: { m: "2" } }), flowOwners),
      apply(flow, "two", river("r", { tags: ["a"] }), flowOwners),
      apply(flow, "two", river("r", { whole: { b: "2" }, plain: [3] }), flowOwners, true),
      apply(flow, "one", river("r", {}), flowOwners),
      apply(
        flow,
        "three",
        river("r", { ports: [{ name: "p", number: 1 }] }, { finalizers: ["example.com/a"], annotations: { a: "1" } }),
        flowOwners,
      ),
      apply(
        flow,
        "two",
        river("r", { ports: [{ name: "q" }, { name: "p", open: false }] }, { finalizers: ["example.com/b"] }),
        flowOwners,
        true,
      ),
      apply(flow, "two", river("r", {}), { pick: ["spec", "metadata.finalizers", "metadata.annotations"] }),
      { method: "PATCH", path: flow, type: "merge", body: { metadata: { finalizers: null } }, pick: ["metadata.finalizers"] },
      { method: "GET", path: flow, pick: ["metadata.managedFields"] },
    ],
  },
  {
    name: "a replacement takes and gives up fields",
    steps: [
      apply(flow, "one", river("r", { workers: 4, source: "s", tags: ["a"] }), { pick: ["kind"], keepVersion: true }),
      {
        method: "PUT",
        path: `${flow}?fieldManager=putter`,
        body: river("r", { workers: 5, source: "s", plain: [3, 4] }, { resourceVersion: "{rv}", labels: { a: "b" } }),
        ...flowOwners,
        keepVersion: true,
      },
      {
        method: "PUT",
        path: `${flow}?fieldManager=putter`,
        body: river("r", { source: "s" }, { resourceVersion: "{rv}" }),
        ...flowOwners,
      },
      apply(flow, "one", river("r", { workers: 4, source: "s", tags: ["a"] }), flowOwners, true),
    ],
  },
  {
    name: "apply of a service and its ports",
    steps: [
      apply(`${ns}/services/s`, "one", service("s", { ports: [{ port: 80, name: "a" }], clusterIP: "None" }), {
        pick: ["spec", "metadata.managedFields"],
      }),
      apply(`${ns}/services/s`, "one", service("s", { ports: [{ port: 81, name: "b" }], clusterIP: "None" }), {
        pick: ["spec", "metadata.managedFields"],
      }),
      apply(
        `${ns}/services/s`,
        "one",
        service("s", {
          ports: [
            { port: 81, name: "b" },
            { port: 81, name: "c" },
          ],
          clusterIP: "None",
        }),
        { pick: ["code", "reason"] },
      ),
    ],
  },
  {
    name: "a pod created and its status patched",
    steps: [
      {
        method: "POST",
        path: `${ns}/pods?fieldManager=creator`,
        body: {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: "p" },
          spec: { nodeName: "nowhere", automountServiceAccountToken: false, containers: [{ name: "c", image: "i" }] },
        },
        pick: ["metadata.managedFields"],
      },
      {
        method: "PATCH",
        path: `${ns}/pods/p/status?fieldManager=kubelet`,
        type: "strategic",
        body: { status: { phase: "Running", podIP: "127.0.0.9", conditions: [{ type: "Ready", status: "True" }] } },
        pick: ["status.phase", "status.podIP", "status.conditions", "metadata.managedFields"],
      },
      {
        method: "PATCH",
        path: `${ns}/pods/p/status?fieldManager=kubelet`,
        type: "strategic",
        body: {
          status: {
            conditions: [
              { type: "Ready", status: "False" },
              { type: "Initialized", status: "True" },
            ],
          },
        },
        pick: ["status.conditions"],
      },
    ],
  },
];
