// Writes definitions.jsonl: the OpenAPI v3 definitions of the kinds this server has, taken from a running Kubernetes API
// server (`node generate-definitions.ts`, with kubectl on the PATH and KUBECONFIG set). The definitions are Kubernetes' own,
// (c) The Kubernetes Authors, Apache License 2.0. Invariant: one [name, definition] a line, sorted, so that a new version diffs well.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { builtinKinds } from "../resources/builtin.ts";
import type { Schema } from "./schema.ts";

const prefix = "#/components/schemas/";
const extra = [
  "Binding",
  "Eviction",
  "Scale",
  "SelfSubjectAccessReview",
  "SelfSubjectRulesReview",
  "SelfSubjectReview",
  "DeleteOptions",
  "Status",
];

const groupVersions = new Set(["autoscaling/v1", "authorization.k8s.io/v1", "authentication.k8s.io/v1"]);
for (const kind of builtinKinds) groupVersions.add(kind.group === "" ? "v1" : `${kind.group}/${kind.version}`);

const all: Record<string, Schema> = {};
for (const groupVersion of groupVersions) {
  const path = groupVersion === "v1" ? "/openapi/v3/api/v1" : `/openapi/v3/apis/${groupVersion}`;
  const text = execFileSync("kubectl", ["get", "--raw", path], { encoding: "utf8", maxBuffer: 1 << 26 });
  Object.assign(all, (JSON.parse(text) as { components: { schemas: Record<string, Schema> } }).components.schemas);
}

const wanted = new Set<string>();
function visit(name: string): void {
  if (wanted.has(name)) return;
  wanted.add(name);
  JSON.stringify(all[name], (key, value: unknown) => {
    if (key === "$ref" && typeof value === "string" && value.startsWith(prefix)) visit(value.slice(prefix.length));
    return value;
  });
}
for (const [name, schema] of Object.entries(all)) {
  for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
    const ours = builtinKinds.some((one) => one.group === group && one.version === version && one.kind === kind);
    if (ours || (extra.includes(kind) && !/alpha|beta/.test(version))) visit(name);
  }
}
const lines = [...wanted].sort().map((name) => `${JSON.stringify([name, all[name]])}\n`);
writeFileSync(new URL("definitions.jsonl", import.meta.url), lines.join(""));
