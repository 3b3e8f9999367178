// Watches: what happened since a revision, then what happens, as lines of JSON.
// Invariants: a watcher sees every event of its selection exactly once and in order, or is ended with an ERROR event;
// an object that leaves the selection is seen as DELETED, one that enters it as ADDED.

import { expired, type StatusBody } from "../errors/status.ts";
import type { JsonObject, KubeObject } from "../json.ts";
import type { Resource } from "../resources/resource.ts";
import type { StoredEvent } from "../store/history.ts";
import type { Context } from "./context.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { parseRevision } from "./read.ts";
import { apiVersionOf } from "../resources/resource.ts";
import { ApiError } from "../errors/status.ts";
import { fromStored } from "./write.ts";

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: KubeObject | StatusBody | JsonObject;
}

export interface WatchRequest {
  resource: Resource;
  namespace: string;
  query: URLSearchParams;
  /** A watch of one object, by its path. */
  name: string;
  send: (event: WatchEvent) => void;
  end: () => void;
}

export interface Watch {
  stop(): void;
  /** Sends a bookmark, if the client wanted any. */
  bookmark(): void;
}

const initialEventsEnd = "k8s.io/initial-events-end";

function checkInitialEvents(query: URLSearchParams): boolean {
  const refuse = (field: string, message: string): never => {
    throw new ApiError(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
      group: "meta.k8s.io",
      kind: "ListOptions",
      causes: [{ reason: "FieldValueForbidden", message, field }],
    });
  };
  const asked = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  if (asked === null) {
    if (match !== "")
      refuse("resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    return false;
  }
  if (match !== "NotOlderThan") {
    refuse("resourceVersionMatch", "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  return asked === "true";
}

/** Throws ApiError 400, 410 or 422 before anything is sent. */
export function startWatch(context: Context, request: WatchRequest): Watch {
  const { resource, namespace, query } = request;
  const { store } = context;
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(resource, query.get("fieldSelector") ?? "");
  const bookmarks = query.get("allowWatchBookmarks") === "true";
  const initial = checkInitialEvents(query);
  const text = query.get("resourceVersion") ?? "";
  const asked = text === "" ? 0 : parseRevision(text, true);
  if (asked !== 0 && asked < store.history.compacted())
    throw expired(`too old resource version: ${asked} (${store.history.compacted()})`);
  if (asked > store.revision()) {
    throw new ApiError(504, "Timeout", `Too large resource version: ${asked}, current: ${store.revision()}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    });
  }

  const selects = (object: KubeObject): boolean =>
    (namespace === "" || object.metadata.namespace === namespace) &&
    (request.name === "" || object.metadata.name === request.name) &&
    labels(object.metadata.labels) &&
    fields.matches(fromStored(resource, object));

  function deliver(event: StoredEvent): void {
    if (event.bucket !== resource.bucket) return;
    const was = event.previous !== undefined && selects(event.previous);
    const is = event.type !== "DELETED" && selects(event.object);
    if (!was && !is) return;
    const type = was && is ? "MODIFIED" : is ? "ADDED" : "DELETED";
    // What left the selection is shown as it was, at the revision at which it left.
    const shown =
      type === "DELETED" && event.type !== "DELETED"
        ? { ...event.previous!, metadata: { ...event.previous!.metadata, resourceVersion: String(event.revision) } }
        : event.object;
    request.send({ type, object: fromStored(resource, shown) });
  }

  function bookmark(annotations?: Record<string, string>): void {
    const metadata = { resourceVersion: String(store.revision()), ...(annotations ? { annotations } : {}) };
    request.send({ type: "BOOKMARK", object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } });
  }

  // Nothing runs between these lines: no event is lost or seen twice.
  if (initial || asked === 0) {
    for (const object of store.list(resource.bucket, namespace))
      if (selects(object)) request.send({ type: "ADDED", object: fromStored(resource, object) });
    if (initial && bookmarks) bookmark({ [initialEventsEnd]: "true" });
  } else for (const event of store.history.since(resource.bucket, asked)) deliver(event);
  const unsubscribe = store.subscribe(deliver);
  return {
    stop: unsubscribe,
    bookmark() {
      if (bookmarks) bookmark();
    },
  };
}
