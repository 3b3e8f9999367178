// Cases: custom resources: schema, defaults, pruning, rules, status and scale, tables.

import { definitions, river, riverDefinition, rivers } from "./objects.ts";
import type { Case, Step } from "./run.ts";

const create = (spec: object, more: Partial<Step> = {}): Step => ({
  method: "POST",
  path: rivers,
  body: river("bad", spec),
  ...more,
});
const change = (spec: object, more: Partial<Step> = {}): Step => ({
  method: "PATCH",
  path: `${rivers}/r`,
  type: "merge",
  body: { spec },
  ...more,
});
const definition = (change: (copy: typeof riverDefinition) => void): unknown => {
  const copy = structuredClone(riverDefinition);
  copy.metadata.name = "creeks.conformance.example.com";
  Object.assign(copy.spec.names, { plural: "creeks", singular: "creek", kind: "Creek", shortNames: [], listKind: undefined });
  change(copy);
  return copy;
};
type Loose = Record<string, Record<string, unknown>>;
const specOf = (copy: typeof riverDefinition): Loose =>
  copy.spec.versions[0]!.schema.openAPIV3Schema.properties.spec.properties as unknown as Loose;
const define = (edit: (copy: typeof riverDefinition) => void): Step => ({
  method: "POST",
  path: `${definitions}?dryRun=All`,
  body: definition(edit),
  pick: ["code", "reason", "message", "details"],
});

export const customCases: Case[] = [
  {
    name: "a custom resource gets defaults and loses unknown fields",
    steps: [
      {
        method: "POST",
        path: rivers,
        body: river("r", { unknown: 1, params: { kept: { x: [1] } }, ports: [{ name: "a", lost: 1 }] }),
      },
      {
        method: "POST",
        path: `${rivers}?fieldValidation=Strict`,
        body: river("s", { unknown: 1, ports: [{ name: "a", lost: 1 }] }),
      },
      { method: "GET", path: `${rivers}/r` },
      { method: "PUT", path: `${rivers}/r`, body: river("r", {}) },
      {
        method: "POST",
        path: rivers,
        body: { ...river("t"), metadata: { name: "t", nonsense: 1 } },
        pick: ["metadata.name", "metadata.nonsense"],
      },
      { method: "POST", path: rivers, body: river("n", { since: null, state: null }), pick: ["spec", "code", "message"] },
      { method: "POST", path: rivers, body: { metadata: { name: "x" } }, pick: ["code", "reason"] },
    ],
  },
  {
    name: "what does not fit the schema is refused in the API's words",
    steps: [
      create({ workers: 0 }),
      create({ workers: 101 }),
      create({ workers: "three" }),
      create({ workers: 1.5 }),
      create({ image: "" }),
      create({ image: "Capital" }),
      create({ image: "a".repeat(41) }),
      create({ image: undefined }),
      create({ state: "Walking" }),
      create({ ratio: 0 }),
      create({ ratio: 0.7 }),
      create({ labels: { a: "1", b: "2", c: "3" } }),
      create({ labels: { a: "too long" } }),
      create({ tags: ["a", "a"] }),
      create({ tags: ["a", "b", "c", "d"] }),
      create({ ports: [{ name: "a" }, { name: "a" }] }),
      create({ ports: [{ number: 1 }] }),
      create({ plain: [] }),
      create({ plain: ["x"] }),
      create({ since: "yesterday" }),
      create({ one: {} }),
      create({ one: { a: "1", b: "2" } }),
      create({ limit: true }),
      create({ limit: "10%" }, { pick: ["code", "spec.limit"] }),
      create({ params: "no" }),
      create({ workers: 0, state: "Walking", image: "" }),
      {
        method: "POST",
        path: rivers,
        body: { apiVersion: "conformance.example.com/v1", kind: "River", metadata: { name: "bad2" } },
      },
      {
        method: "POST",
        path: rivers,
        body: { apiVersion: "conformance.example.com/v1", kind: "River", metadata: { name: "bad2" }, spec: [] },
      },
    ],
  },
  {
    name: "nulls, empty objects and embedded ones",
    steps: [
      create({ image: null }),
      create({ source: null, nested: null }, { pick: ["code", "message", "spec"] }),
      {
        method: "POST",
        path: rivers,
        body: river("e", { empty: { x: 1 }, nested: {}, whole: { a: "1", lost: 1 } }),
        pick: ["spec"],
      },
      {
        method: "POST",
        path: rivers,
        body: river("n", { nested: { deep: { c: "x" } }, labels: null, tags: null }),
        pick: ["code", "message", "spec"],
      },
      {
        method: "POST",
        path: rivers,
        body: river("m", {
          embedded: { apiVersion: "v1", kind: "Pod", metadata: { name: "x", lost: 1, labels: { a: "b" } }, spec: { any: 1 } },
        }),
        pick: ["code", "message", "spec"],
      },
      create({ embedded: { metadata: { name: "x" } } }),
      {
        method: "POST",
        path: rivers,
        body: river("w", {}, { labels: { a: null }, annotations: { n: "1" } }),
        pick: ["metadata.labels", "metadata.annotations"],
      },
    ],
  },
  {
    name: "rules in CEL",
    steps: [
      create({ source: "x" }),
      create({ minWorkers: 5, maxWorkers: 3 }),
      create({ state: "Suspended", maxWorkers: 3 }),
      { method: "POST", path: rivers, body: river("a-name-that-is-much-too-long") },
      {
        method: "POST",
        path: rivers,
        body: river("r", { source: "s", partitions: 8, ports: [{ name: "a", number: 5 }] }),
        pick: ["code", "spec"],
      },
      change({ partitions: 9 }),
      change({ workers: "x" }),
      change({ workers: 0, image: "" }),
      change({ ports: [{ name: "a", number: "x" }] }),
      change({ source: null }),
      change({
        ports: [
          { name: "a", number: 4 },
          { name: "b", number: 1 },
        ],
      }),
      change(
        {
          ports: [
            { name: "b", number: 1 },
            { name: "a", number: 6 },
          ],
        },
        { pick: ["spec.ports"] },
      ),
      change({ partitions: null }, { pick: ["code", "spec.partitions"] }),
      change({ partitions: 3 }, { pick: ["code", "spec.partitions"] }),
    ],
  },
  {
    name: "status and scale of a custom resource",
    steps: [
      { method: "POST", path: rivers, body: { ...river("r"), status: { phase: "No" } }, pick: ["status", "metadata.generation"] },
      {
        method: "PATCH",
        path: `${rivers}/r/status`,
        type: "merge",
        body: {
          spec: { workers: 9 },
          metadata: { labels: { a: "b" } },
          status: { phase: "Running", workers: 2, selector: "a=b", conditions: [{ type: "Ready", status: "True" }] },
        },
        pick: ["spec", "status", "metadata.labels", "metadata.generation"],
      },
      { method: "PATCH", path: `${rivers}/r`, type: "merge", body: { status: { phase: "No" } }, pick: ["status.phase"] },
      { method: "PATCH", path: `${rivers}/r/status`, type: "merge", body: { status: { workers: "x" } }, pick: ["code", "reason"] },
      { method: "GET", path: `${rivers}/r/scale` },
      { method: "PATCH", path: `${rivers}/r/scale?fieldManager=scaler`, type: "merge", body: { spec: { replicas: 4 } } },
      { method: "GET", path: `${rivers}/r`, pick: ["metadata.managedFields"] },
      { method: "PATCH", path: `${rivers}/r/scale`, type: "merge", body: { spec: { replicas: 5 } } },
      { method: "PATCH", path: `${rivers}/r/scale`, type: "merge", body: { spec: { replicas: 500 } }, pick: ["code", "message"] },
      { method: "GET", path: `${rivers}/r`, pick: ["spec", "metadata.generation"] },
      {
        method: "PATCH",
        path: `${rivers}/r`,
        type: "merge",
        body: { metadata: { labels: { x: "y" } } },
        pick: ["metadata.generation"],
      },
      { method: "PATCH", path: `${rivers}/r`, type: "strategic", body: {} },
    ],
  },
  {
    name: "tables and selectors of a custom resource",
    steps: [
      { method: "POST", path: rivers, body: river("a", { state: "Suspended" }, { labels: { x: "1" } }), pick: ["kind"] },
      { method: "POST", path: rivers, body: river("b", { workers: 7 }, { labels: { x: "2" } }), pick: ["kind"] },
      {
        method: "PATCH",
        path: `${rivers}/b/status`,
        type: "merge",
        body: { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
        pick: ["kind"],
      },
      { method: "GET", path: rivers, headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" } },
      { method: "GET", path: `${rivers}?fieldSelector=spec.state%3DSuspended`, pick: ["items"] },
      { method: "GET", path: `${rivers}?fieldSelector=spec.image%3Dapp` },
      { method: "GET", path: `${rivers}?labelSelector=x+in+(2,3)`, pick: ["items"] },
      { method: "GET", path: `${rivers}?labelSelector=x+like+2` },
    ],
  },
  {
    name: "definitions are checked",
    steps: [
      define(() => {}),
      define((copy) => (copy.metadata.name = "other.conformance.example.com")),
      define(
        (copy) => ((specOf(copy).source as Record<string, unknown>) = {} as never) && Object.assign(specOf(copy), { source: {} }),
      ),
      define((copy) => Object.assign(specOf(copy), { source: { type: "text" } })),
      define((copy) => Object.assign(specOf(copy), { source: { type: "array" } })),
      define((copy) => Object.assign(specOf(copy), { workers: { type: "integer", minimum: 1, default: 0 } })),
      define((copy) => Object.assign(specOf(copy), { workers: { type: "integer", default: "x" } })),
      define((copy) => Object.assign(copy.spec, { scope: "Galaxy" })),
    ],
  },
];
