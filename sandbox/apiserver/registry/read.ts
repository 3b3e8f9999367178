// Get and list: selectors, pages, and lists of a past revision.
// Invariant: the pages of one list show one revision, however much is written between them.

import { badRequest, expired, ApiError, notFound, plainError } from "../errors/status.ts";
import type { KubeObject } from "../json.ts";
import { apiVersionOf, groupResource, type Resource } from "../resources/resource.ts";
import type { Context } from "./context.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { fromStored } from "./write.ts";

export function get(context: Context, resource: Resource, namespace: string, name: string): KubeObject {
  const stored = context.store.get(resource.bucket, namespace, name);
  if (!stored) throw notFound(groupResource(resource), name);
  return fromStored(resource, stored);
}

export interface ObjectList {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[];
}

/** The objects of `bucket` as they were at `revision`, by undoing what came after. Throws ApiError 410 when that is forgotten. */
function listAt(context: Context, bucket: string, namespace: string, revision: number): KubeObject[] {
  if (revision === context.store.revision()) return context.store.list(bucket, namespace);
  if (revision < context.store.history.compacted())
    throw expired("The provided continue parameter is too old to display a consistent list result.");
  const objects = new Map(context.store.list(bucket).map((object) => [keyOf(object), object]));
  for (const event of context.store.history.since(bucket, revision).reverse()) {
    if (event.previous) objects.set(keyOf(event.object), event.previous);
    else objects.delete(keyOf(event.object));
  }
  const wanted = [...objects.entries()].filter(([, object]) => namespace === "" || object.metadata.namespace === namespace);
  return wanted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object);
}

function keyOf(object: KubeObject): string {
  return object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name;
}

interface Token {
  revision: number;
  after: string;
}

function readToken(text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as { v: string; rv: number; start: string };
    if (token.v === "meta.k8s.io/v1" && Number.isInteger(token.rv)) return { revision: token.rv, after: token.start };
  } catch {
    // said below
  }
  throw badRequest("continue key is not valid: the provided token is malformed");
}

export function parseRevision(text: string, watch = false): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  if (watch) throw plainError(500, `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why}`);
  throw badRequest(`Invalid value: ${JSON.stringify(text)}: ${why}`);
}

/** Refuses combinations of resourceVersion and its match that have no meaning; gives the exact revision asked for, if one is. */
function exactRevision(context: Context, query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const refuse = (message: string): never => {
    throw new ApiError(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`);
  };
  if (match !== "" && text === "") refuse("Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan")
    refuse(`Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`);
  if (text === "") return undefined;
  const revision = parseRevision(text);
  if (match === "Exact" && revision === 0) refuse('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (revision > context.store.revision()) {
    throw new ApiError(504, "Timeout", `Too large resource version: ${revision}, current: ${context.store.revision()}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    });
  }
  // As etcd does: a limited list of a given revision is of exactly that revision.
  const exact = match === "Exact" || (match === "" && query.has("limit") && query.get("limit") !== "0" && revision > 0);
  return exact ? revision : undefined;
}

export function list(context: Context, resource: Resource, namespace: string, query: URLSearchParams): ObjectList {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(resource, query.get("fieldSelector") ?? "");
  const limit = Number(query.get("limit") ?? 0);
  const continued = query.get("continue") ?? "";
  const token = continued === "" ? undefined : readToken(continued);
  if (token && (query.get("resourceVersion") ?? "0") !== "0" && query.get("resourceVersion") !== "") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  const revision = token?.revision ?? exactRevision(context, query) ?? context.store.revision();
  const objects = listAt(context, resource.bucket, namespace, revision);
  const items: KubeObject[] = [];
  let next: string | undefined;
  let remaining = 0;
  for (const object of objects) {
    const key = keyOf(object);
    if (token && key <= token.after) continue;
    if (next !== undefined) {
      remaining++;
      continue;
    }
    if (!labels(object.metadata.labels)) continue;
    const shown = fromStored(resource, object);
    if (!fields.matches(shown)) continue;
    if (limit > 0 && items.length === limit) {
      next = keyOf(items.at(-1)!);
      remaining = 1;
      continue;
    }
    items.push(shown);
  }
  const filtered = query.get("labelSelector") || query.get("fieldSelector");
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.listKind,
    metadata: {
      resourceVersion: String(revision),
      ...(next === undefined
        ? {}
        : { continue: Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: next })).toString("base64url") }),
      ...(next === undefined || filtered ? {} : { remainingItemCount: remaining }),
    },
    items,
  };
}
