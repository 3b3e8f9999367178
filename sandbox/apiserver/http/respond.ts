// Writes answers: objects, lists, tables, partial metadata, statuses; as JSON or YAML.

import type { ServerResponse } from "node:http";
import { stringify } from "yaml";
import type { ApiError } from "../errors/status.ts";
import type { JsonObject, KubeObject } from "../json.ts";
import type { ObjectList } from "../registry/read.ts";
import { partialMetadata } from "../table/partial.ts";
import { tableOf } from "../table/table.ts";
import type { Resource } from "../resources/resource.ts";
import type { Representation } from "./negotiate.ts";

export interface Shaping {
  representation: Representation;
  resource: Resource;
  query: URLSearchParams;
  now: number;
}

const isList = (value: KubeObject | ObjectList): value is ObjectList => Array.isArray((value as ObjectList).items);

/** The body for an object or a list in the representation that was asked for. */
export function shape(value: KubeObject | ObjectList, shaping: Shaping): JsonObject {
  const { as, version } = shaping.representation;
  if (as === "Table") {
    const { resource, query, now } = shaping;
    const items = isList(value) ? value.items : [value];
    const metadata = isList(value) ? value.metadata : { resourceVersion: value.metadata.resourceVersion };
    return tableOf(resource, items, {
      includeObject: query.get("includeObject") ?? "Metadata",
      headers: true,
      now,
      metadata,
      version,
    });
  }
  if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") {
    if (!isList(value)) return partialMetadata(value, version);
    return {
      apiVersion: `meta.k8s.io/${version}`,
      kind: "PartialObjectMetadataList",
      metadata: value.metadata,
      items: value.items.map((item) => partialMetadata(item, version)),
    };
  }
  return value as unknown as JsonObject;
}

export function sendBody(
  response: ServerResponse,
  code: number,
  body: unknown,
  representation?: Representation,
  headers: Record<string, string | string[]> = {},
): void {
  // YAML 1.1 is what Go reads: "y" must be quoted.
  const text = representation?.yaml
    ? stringify(body, { version: "1.1" })
    : `${JSON.stringify(body, null, representation?.pretty ? 2 : undefined)}\n`;
  response.writeHead(code, { "content-type": representation?.yaml ? "application/yaml" : "application/json", ...headers });
  response.end(text);
}

export function sendError(response: ServerResponse, error: ApiError): void {
  sendBody(response, error.code, error.body, undefined, error.headers);
}

/** RFC 7234 warnings, as clients print them. */
export function warningHeaders(warnings: string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  const quoted = [...new Set(warnings)].map((warning) => `299 - "${warning.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
  return { Warning: quoted };
}
