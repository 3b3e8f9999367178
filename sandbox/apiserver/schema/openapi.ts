// OpenAPI documents: v3 per group and version (what kubectl explains and validates by), and a v2 of the same definitions.
// Invariant: made from the catalogue alone; a document lists every definition that its schemas refer to.

import type { Catalogue } from "../resources/catalogue.ts";
import type { Resource } from "../resources/resource.ts";
import type { Json, JsonObject } from "../json.ts";
import { builtinDefinitions, type Schema } from "./schema.ts";

const prefix = "#/components/schemas/";

function gather(node: unknown, into: Map<string, Schema>): void {
  if (Array.isArray(node)) for (const item of node) gather(item, into);
  else if (typeof node === "object" && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key === "$ref" && typeof value === "string" && value.startsWith(prefix)) {
        const name = value.slice(prefix.length);
        const target = builtinDefinitions()[name];
        if (!target || into.has(name)) continue;
        into.set(name, target);
        gather(target, into);
      } else gather(value, into);
    }
  }
}

const parameter = (name: string, type: string, where = "query"): JsonObject => ({
  name,
  in: where,
  ...(where === "path" ? { required: true } : {}),
  schema: { type, uniqueItems: true },
});

const writing = [parameter("dryRun", "string"), parameter("fieldManager", "string"), parameter("fieldValidation", "string")];

function operation(resource: Resource, action: string, method: string, parameters: JsonObject[], body: string[] = []): JsonObject {
  const reference: JsonObject = { $ref: prefix + resource.schemaName };
  const json = { "application/json": { schema: reference } };
  return {
    tags: [`${resource.group || "core"}_${resource.version}`.replaceAll(/[.]/g, "_")],
    operationId: `${action}${resource.group}${resource.version}${resource.kind}`.replaceAll(/[^A-Za-z0-9]/g, ""),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body.length > 0
      ? { requestBody: { content: Object.fromEntries(body.map((type) => [type, { schema: reference }])), required: true } }
      : {}),
    responses: { 200: { description: "OK", content: json } },
    "x-kubernetes-action": method,
    "x-kubernetes-group-version-kind": { group: resource.group, version: resource.version, kind: resource.kind },
  };
}

function pathsOf(resource: Resource): JsonObject {
  const base = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const collection = `${base}${resource.namespaced ? "/namespaces/{namespace}" : ""}/${resource.plural}`;
  const shared = [...(resource.namespaced ? [parameter("namespace", "string", "path")] : []), parameter("pretty", "string")];
  const patchTypes = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(resource.custom ? [] : ["application/strategic-merge-patch+json"]),
  ];
  const item = (suffix: string): JsonObject => ({
    get: operation(resource, `read${suffix}`, "get", []),
    put: operation(resource, `replace${suffix}`, "put", writing, ["application/json"]),
    patch: operation(resource, `patch${suffix}`, "patch", [...writing, parameter("force", "boolean")], patchTypes),
    parameters: [parameter("name", "string", "path"), ...shared],
  });
  const one = item("");
  one.delete = operation(resource, "delete", "delete", [
    parameter("gracePeriodSeconds", "integer"),
    parameter("propagationPolicy", "string"),
  ]);
  return {
    [collection]: {
      get: operation(resource, "list", "list", []),
      post: operation(resource, "create", "post", writing, ["application/json"]),
      delete: operation(resource, "deletecollection", "deletecollection", []),
      parameters: shared,
    },
    [`${collection}/{name}`]: one,
    ...(resource.hasStatus ? { [`${collection}/{name}/status`]: item("Status") } : {}),
  };
}

export function groupVersionKey(resource: { group: string; version: string }): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
}

/** The index of /openapi/v3. */
export function openApiIndex(catalogue: Catalogue): JsonObject {
  const keys = [...new Set(catalogue.all().map(groupVersionKey))];
  return {
    paths: Object.fromEntries(keys.map((key) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${catalogue.revision()}` }])),
  };
}

/** The document of `api/v1` or `apis/<group>/<version>`; undefined when nothing is served there. */
export function openApiV3(catalogue: Catalogue, key: string): JsonObject | undefined {
  const resources = catalogue.all().filter((resource) => groupVersionKey(resource) === key);
  if (resources.length === 0) return undefined;
  const schemas = new Map<string, Schema>();
  for (const resource of resources) {
    schemas.set(resource.schemaName, resource.custom ? resource.schema : builtinDefinitions()[resource.schemaName]!);
    gather(schemas.get(resource.schemaName), schemas);
  }
  gather({ $ref: `${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions` }, schemas);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.35.0" },
    paths: Object.assign({}, ...resources.map(pathsOf)) as JsonObject,
    components: { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as JsonObject },
  };
}

/** Definitions as Swagger 2 has them: no oneOf, no nullable, references elsewhere, no siblings of a reference. */
function toV2(node: Json): Json {
  if (Array.isArray(node)) return node.map(toV2);
  if (typeof node !== "object" || node === null) return node;
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(node)) {
    if (value === undefined || ["oneOf", "anyOf", "not", "nullable", "x-kubernetes-validations"].includes(key)) continue;
    if (key === "$ref" && typeof value === "string") out.$ref = value.replace(prefix, "#/definitions/");
    else if (key === "allOf" && Array.isArray(value) && value.length === 1) Object.assign(out, toV2(value[0]!));
    else out[key] = toV2(value);
  }
  if (node.format === "int-or-string" || node["x-kubernetes-int-or-string"] === true) {
    out.type = "string";
    out.format = "int-or-string";
  } else if (out.type === undefined && Array.isArray(node.oneOf)) out.type = "string";
  return out;
}

export function openApiV2(catalogue: Catalogue): JsonObject {
  const schemas = new Map<string, Schema>();
  const paths: JsonObject = {};
  for (const resource of catalogue.all()) {
    schemas.set(resource.schemaName, resource.custom ? resource.schema : builtinDefinitions()[resource.schemaName]!);
    gather(schemas.get(resource.schemaName), schemas);
    for (const [path, item] of Object.entries(pathsOf(resource))) {
      const { parameters: _p, ...operations } = item as JsonObject;
      const bare = Object.entries(operations).map(([method, operation]) => {
        const { requestBody: _b, ...rest } = operation as JsonObject;
        const parameters = ((rest.parameters ?? []) as JsonObject[]).map(({ schema, ...one }) => ({
          ...one,
          type: (schema as JsonObject).type,
        }));
        return [method, { ...rest, ...(parameters.length > 0 ? { parameters } : {}), responses: { 200: { description: "OK" } } }];
      });
      paths[path] = Object.fromEntries(bare) as JsonObject;
    }
  }
  const definitions = Object.fromEntries(
    [...schemas].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, schema]) => [name, toV2(schema as unknown as Json)]),
  );
  return { swagger: "2.0", info: { title: "Kubernetes", version: "v1.35.0" }, paths, definitions: definitions as JsonObject };
}
