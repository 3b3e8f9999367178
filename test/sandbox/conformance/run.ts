// Runs a case against a server and writes its answers in a form that can be compared: what no two servers share (uids,
// revisions, times, addresses, the name of the namespace) is replaced by a word.

import { randomBytes } from "node:crypto";
import type { Answer, Connection } from "./connection.ts";

export interface Step {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{ns}` stands for the namespace of the run. */
  path: string;
  /** An object, or a text that is sent as it is. `{ns}` is replaced in either. */
  body?: unknown;
  /** Content type; JSON unless it is said. */
  type?: "json" | "merge" | "strategic" | "json-patch" | "apply" | "yaml";
  headers?: Record<string, string>;
  /** Members of the answer's body to compare (dotted); the whole of it unless it is said. */
  pick?: string[];
  /** Asked again, for up to ten seconds, until the answer has this status. */
  until?: number;
  /** Takes `metadata.resourceVersion` of this step's answer for `{rv}` in later ones. */
  keepVersion?: boolean;
}

export interface Case {
  name: string;
  steps: Step[];
}

export interface Observed {
  code: number;
  warnings?: string[];
  body: unknown;
}

const types: Record<string, string> = {
  json: "application/json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  "json-patch": "application/json-patch+json",
  apply: "application/apply-patch+yaml",
  yaml: "application/yaml",
};

const timePattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const uidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const words: Record<string, string> = {
  resourceVersion: "<version>",
  creationTimestamp: "<time>",
  clusterIP: "<address>",
  continue: "<token>",
};

interface Failure {
  message?: string;
  details?: { causes?: { field: string; message: string }[] };
}

/** Go walks maps in no order, and checks some things twice: causes are sorted, and each is told once. */
function inOrder(body: unknown): unknown {
  const failure = body as Failure | undefined;
  if (typeof failure?.message === "string") {
    const unknown = /^(.*strict decoding error: )(.*)$/s.exec(failure.message);
    if (unknown) failure.message = unknown[1]! + unknown[2]!.split(", ").sort().join(", ");
  }
  const causes = failure?.details?.causes;
  if (!causes) return body;
  const byText = new Map(causes.map((cause) => [`${cause.field}: ${cause.message}`, cause]));
  const texts = [...byText.keys()].sort();
  failure.details!.causes = texts.map((text) => byText.get(text)!);
  if (texts.length > 1) failure.message = failure.message!.replace(/is invalid: \[.*$/s, `is invalid: [${texts.join(", ")}]`);
  return body;
}

/** What a controller that runs besides has written is none of the case's business. */
function withoutControllers(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.filter((entry: { manager?: string }) => entry.manager !== "kube-controller-manager");
}

function plain(value: unknown, namespace: string, key = ""): unknown {
  if (Array.isArray(value)) {
    if (key.endsWith("managedFields")) {
      const entries = (withoutControllers(value) as unknown[]).map((item) => plain(item, namespace));
      // Their order is that of their times, which is that of the run.
      return entries
        .map((entry) => JSON.stringify(entry))
        .sort()
        .map((text) => JSON.parse(text) as unknown);
    }
    if (key === "clusterIPs") return value.map((item) => (item === "None" ? item : "<address>"));
    return value.map((item) => plain(item, namespace, `${key}[]`));
  }
  if (typeof value === "object" && value !== null) {
    // The texts about columns are documentation.
    if (key === "columnDefinitions[]") return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "description"));
    // The order of members means nothing; sorted, they compare as text.
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, member]) => [name, plain(member, namespace, name)]));
  }
  if (typeof value !== "string") return value;
  if (key === "cells[]" && /^\d+s$/.test(value)) return "<age>";
  if (words[key] && value !== "None" && value !== "") return words[key];
  return value.replaceAll(namespace, "<namespace>").replaceAll(timePattern, "<time>").replaceAll(uidPattern, "<uid>");
}

function picked(body: unknown, paths: string[]): unknown {
  return Object.fromEntries(
    paths.map((path) => {
      let value = body;
      for (const part of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
      return [path, value ?? null];
    }),
  );
}

async function ask(connection: Connection, step: Step, fill: (text: string) => string): Promise<Answer> {
  const headers = { ...(step.type ? { "content-type": types[step.type]! } : {}), ...step.headers };
  const body = step.body === undefined ? undefined : fill(typeof step.body === "string" ? step.body : JSON.stringify(step.body));
  return connection.send(step.method, fill(step.path), body, headers);
}

/** One observation per step, in a namespace of its own that is removed afterwards. */
export async function runCase(connection: Connection, one: Case): Promise<Observed[]> {
  const namespace = `conformance-${randomBytes(4).toString("hex")}`;
  const made = await connection.send("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  if (made.code !== 201) throw new Error(`cannot create a namespace: ${made.text}`);
  // Pods are refused until the namespace has its service account.
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await connection.send("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
  let version = "";
  const fill = (text: string): string => text.replaceAll("{ns}", namespace).replaceAll("{rv}", version);
  const observed: Observed[] = [];
  try {
    for (const step of one.steps) {
      let answer = await ask(connection, step, fill);
      for (let attempt = 0; step.until !== undefined && answer.code !== step.until && attempt < 200; attempt++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer = await ask(connection, step, fill);
      }
      if (step.keepVersion) version = (answer.body as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
      const whole = inOrder(answer.body);
      const body = step.pick ? picked(whole, step.pick) : whole;
      observed.push({
        code: answer.code,
        ...(answer.warnings.length > 0 ? { warnings: answer.warnings.sort() } : {}),
        body: plain(body, namespace),
      });
    }
  } finally {
    await connection.send("DELETE", `/api/v1/namespaces/${namespace}`);
  }
  return observed;
}
