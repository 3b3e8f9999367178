// Cases: the four kinds of patch.

import { apps, configMap, ns, service, statefulSet } from "./objects.ts";
import type { Case } from "./run.ts";

const sts = `${apps}/statefulsets/s`;
const containers = ["spec.template.spec.containers"];

export const patchCases: Case[] = [
  {
    name: "JSON patches",
    steps: [
      { method: "POST", path: `${ns}/configmaps`, body: configMap("a"), pick: ["kind"] },
      {
        method: "PATCH",
        path: `${ns}/configmaps/a`,
        type: "json-patch",
        body: [
          { op: "replace", path: "/data/a", value: "9" },
          { op: "add", path: "/data/x~1y", value: "z" },
          { op: "remove", path: "/data/b" },
        ],
        pick: ["data"],
      },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "json-patch", body: [{ op: "test", path: "/data/a", value: "1" }] },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "json-patch", body: [{ op: "remove", path: "/data/missing" }] },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "json-patch", body: [{ op: "add", path: "/missing/x", value: 1 }] },
      {
        method: "PATCH",
        path: `${ns}/configmaps/a`,
        type: "json-patch",
        body: [
          { op: "move", from: "/data/a", path: "/data/m" },
          { op: "copy", from: "/data/m", path: "/data/n" },
        ],
        pick: ["data"],
      },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "json-patch", body: { op: "add" }, pick: ["code", "reason"] },
    ],
  },
  {
    name: "merge patches",
    steps: [
      { method: "POST", path: `${ns}/configmaps`, body: configMap("a"), pick: ["kind"] },
      {
        method: "PATCH",
        path: `${ns}/configmaps/a`,
        type: "merge",
        body: { data: { a: null, c: "3" }, metadata: { labels: { l: "1" } } },
        pick: ["data", "metadata.labels"],
      },
      {
        method: "PATCH",
        path: `${ns}/configmaps/a`,
        type: "merge",
        body: { data: null, metadata: { labels: null } },
        pick: ["data", "metadata.labels"],
      },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "merge", body: { metadata: { resourceVersion: "1" } } },
      { method: "PATCH", path: `${ns}/configmaps/a`, type: "merge", body: { metadata: { name: "b" } } },
      { method: "PATCH", path: `${ns}/configmaps/a?force=true`, type: "merge", body: {} },
      { method: "PATCH", path: `${ns}/configmaps/missing`, type: "merge", body: {} },
      { method: "PATCH", path: `${ns}/configmaps/a`, headers: { "content-type": "text/plain" }, body: {} },
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("s"), pick: ["kind"] },
      {
        method: "PATCH",
        path: sts,
        type: "merge",
        body: { spec: { template: { spec: { containers: [{ name: "other", image: "o" }] } } } },
        pick: containers,
      },
    ],
  },
  {
    name: "strategic merge patches merge lists by key",
    steps: [
      { method: "POST", path: `${apps}/statefulsets`, body: statefulSet("s"), pick: ["kind"] },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { template: { spec: { containers: [{ name: "side", image: "s" }] } } } },
        pick: containers,
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: {
          spec: {
            template: {
              spec: {
                containers: [{ name: "main", env: [{ name: "B", value: "2" }], ports: [{ containerPort: 9090, name: "renamed" }] }],
              },
            },
          },
        },
        pick: containers,
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: {
          spec: {
            template: {
              spec: {
                "$setElementOrder/containers": [{ name: "side" }, { name: "main" }],
                containers: [{ name: "main", env: [{ name: "A", $patch: "delete" }] }],
              },
            },
          },
        },
        pick: containers,
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { template: { spec: { containers: [{ $patch: "delete", name: "side" }] } } } },
        pick: containers,
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { template: { spec: { containers: [{ $patch: "replace" }, { name: "fresh", image: "f" }] } } } },
        pick: containers,
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { template: { spec: { volumes: [{ name: "code", emptyDir: {}, $retainKeys: ["name", "emptyDir"] }] } } } },
        pick: ["spec.template.spec.volumes"],
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { updateStrategy: { $retainKeys: ["type"], type: "OnDelete" } } },
        pick: ["spec.updateStrategy"],
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { metadata: { labels: { $patch: "replace", only: "this" } } },
        pick: ["metadata.labels"],
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { metadata: { finalizers: ["example.com/a", "example.com/b"] } },
        pick: ["metadata.finalizers"],
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a", "example.com/b"] } },
        pick: ["metadata.finalizers"],
      },
      {
        method: "PATCH",
        path: sts,
        type: "strategic",
        body: { spec: { template: { spec: { containers: [{ image: "nameless" }] } } } },
        pick: ["code", "reason"],
      },
    ],
  },
  {
    name: "strategic merge patches of services and config maps",
    steps: [
      { method: "POST", path: `${ns}/services`, body: service("s", { ports: [{ port: 80, name: "a" }] }), pick: ["kind"] },
      {
        method: "PATCH",
        path: `${ns}/services/s`,
        type: "strategic",
        body: { spec: { ports: [{ port: 81, name: "b" }] } },
        pick: ["spec.ports"],
      },
      {
        method: "PATCH",
        path: `${ns}/services/s`,
        type: "strategic",
        body: { spec: { ports: [{ port: 80, $patch: "delete" }] } },
        pick: ["spec.ports"],
      },
      {
        method: "PATCH",
        path: `${ns}/services/s`,
        type: "strategic",
        body: { spec: { selector: { app: null, x: "y" } } },
        pick: ["spec.selector"],
      },
    ],
  },
];
