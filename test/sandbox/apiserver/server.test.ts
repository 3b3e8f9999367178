// What the conformance table does not ask: discovery, health, identity, limits, and refusals that are not about objects.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { riverDefinition } from "../conformance/objects.ts";
import { configMap, maps, started, type Started } from "./started.ts";

let api: Started;
beforeAll(async () => {
  api = await started();
});
afterAll(() => api.stop());

it("lets nobody in without the token, except for health and version", async () => {
  for (const path of ["/healthz", "/readyz", "/livez", "/version"]) {
    expect((await api.connection.send("GET", path, undefined, { authorization: "" })).code).toBe(200);
  }
  for (const path of ["/api", "/apis", maps, "/openapi/v3", "/sandbox/faults"]) {
    expect((await api.connection.send("GET", path, undefined, { authorization: "" })).body).toMatchObject({
      kind: "Status",
      code: 401,
    });
  }
});

it("serves a certificate for loopback that its own kubeconfig trusts", async () => {
  const certificate = new X509Certificate(readFileSync(join(api.directory, "server.crt")));
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkHost("localhost")).toBe("localhost");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  const { port } = new URL(api.server.url);
  const authorized = await new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port: Number(port), ca: certificate.toString() }, () => {
      resolve(socket.authorized);
      socket.destroy();
    });
  });
  expect(authorized).toBe(true);
});

it("lists in every form of discovery what it serves, new kinds included", async () => {
  await api.ok("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", riverDefinition);
  const groups = await api.ok("GET", "/apis");
  expect(groups.groups.map((group: { name: string }) => group.name)).toContain("conformance.example.com");
  const list = await api.ok("GET", "/apis/conformance.example.com/v1");
  expect(list.resources.map((resource: { name: string }) => resource.name)).toEqual(["rivers", "rivers/scale", "rivers/status"]);
  const accept = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
  for (const path of ["/api", "/apis"]) {
    const document = await api.ok("GET", path, undefined, accept);
    expect(document.kind).toBe("APIGroupDiscoveryList");
    for (const group of document.items) {
      for (const version of group.versions) {
        for (const { resource, scope, verbs } of version.resources) {
          if (!verbs.includes("list")) continue;
          const base = group.metadata.name ? `/apis/${group.metadata.name}/${version.version}` : `/api/${version.version}`;
          const answer = await api.connection.send(
            "GET",
            `${base}${scope === "Namespaced" ? "/namespaces/default" : ""}/${resource}`,
          );
          expect(answer.code, resource).toBe(200);
        }
      }
    }
  }
});

it("has OpenAPI documents in which every reference leads somewhere", async () => {
  const index = await api.ok("GET", "/openapi/v3");
  expect(Object.keys(index.paths)).toContain("apis/conformance.example.com/v1");
  for (const { serverRelativeURL } of Object.values(index.paths) as { serverRelativeURL: string }[]) {
    const document = await api.ok("GET", serverRelativeURL);
    const known = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    const missing = new Set<string>();
    JSON.stringify(document, (key, value: unknown) => {
      if (key === "$ref" && typeof value === "string" && !known.has(value)) missing.add(value);
      return value;
    });
    expect([...missing], serverRelativeURL).toEqual([]);
  }
  const old = await api.ok("GET", "/openapi/v2");
  expect(old.definitions["com.example.conformance.v1.River"].properties.spec.properties.workers.default).toBe(2);
  expect(
    (
      await api.connection.send("GET", "/openapi/v2", undefined, {
        accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
      })
    ).code,
  ).toBe(406);
});

it("refuses bodies that are too long, and names that reach into prototypes", async () => {
  expect((await api.connection.send("POST", maps, configMap("big", {}, { a: "x".repeat(3_200_000) }))).code).toBe(413);
  const answer = await api.connection.send(
    "POST",
    maps,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p"},"data":{"__proto__":"x"}}',
  );
  expect(answer.code).toBe(400);
});

it("says what it does not have", async () => {
  const token = await api.connection.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {});
  expect(token).toMatchObject({
    code: 501,
    body: { reason: "NotImplemented", message: "serviceaccounts/token is not implemented by this server" },
  });
  const strange = await api.connection.send("POST", maps, "x", { "content-type": "application/cbor" });
  expect(strange).toMatchObject({ code: 415, body: { reason: "UnsupportedMediaType" } });
  expect((await api.connection.send("GET", "/apis/metrics.k8s.io/v1beta1/pods")).code).toBe(404);
});

it("refuses pods whose service account does not exist", async () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { serviceAccountName: "nobody", containers: [{ name: "c", image: "i" }] },
  };
  const answer = await api.connection.send("POST", "/api/v1/namespaces/default/pods", pod);
  expect(answer).toMatchObject({
    code: 403,
    body: { message: 'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found' },
  });
});

it("binds and evicts pods", async () => {
  const pods = "/api/v1/namespaces/default/pods";
  await api.ok("POST", pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "b", labels: { app: "b" } },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: "b" }, target: { kind: "Node", name: "here" } };
  await api.ok("POST", `${pods}/b/binding`, binding);
  expect((await api.ok("GET", `${pods}/b`)).spec.nodeName).toBe("here");
  expect((await api.connection.send("POST", `${pods}/b/binding`, binding)).code).toBe(409);
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  await api.ok("POST", budgets, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "x" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "b" } } },
  });
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "b" } };
  expect((await api.connection.send("POST", `${pods}/b/eviction`, eviction)).code).toBe(429);
  await api.ok("DELETE", `${budgets}/x`);
  await api.ok("POST", `${pods}/b/eviction`, eviction);
  expect((await api.ok("GET", `${pods}/b`)).metadata.deletionTimestamp).toBeDefined();
});

it("leaves no error of its own behind", () => {
  expect(api.errors).toEqual([]);
});
