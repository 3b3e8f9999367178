/**
 * A tiny Kubernetes API for tests of the controller: objects of any kind in memory, versions and conflicts, watches with bookmarks,
 * finalizers, owner references, and faults on demand. Not a model of a real server: apply is a merge that creates.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

export interface StoredObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    generation: number;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: { uid: string }[];
    [field: string]: unknown;
  };
  spec?: any;
  status?: any;
  data?: any;
  [field: string]: any;
}

export interface RequestRecord {
  method: string;
  path: string;
  contentType: string;
  body: any;
}

export interface FakeApiServer {
  readonly config: KubeConfig;
  readonly requests: RequestRecord[];
  /** Answers the controller's requests for which `match` is true with `status`, `times` times. */
  failNext(match: (method: string, path: string) => boolean, status: number, times?: number): void;
  /** Asked before each of the controller's requests: a status to answer instead, or undefined. */
  chaos: ((method: string, path: string) => number | undefined) | undefined;
  /** Cuts all connections of watches. */
  dropWatches(): void;
  /** Ends all watches in good order. */
  endWatches(): void;
  /** Forgets all versions but the newest, so that older watches get 410. */
  compact(): void;
  get(path: string): StoredObject | undefined;
  list(collection: string): StoredObject[];
  watches(): number;
  close(): Promise<void>;
}

interface Change {
  version: number;
  collection: string;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: StoredObject;
}

interface Watcher {
  collection: string;
  namespace: string | undefined;
  selector: string | null;
  response: ServerResponse;
}

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const objects = new Map<string, StoredObject>();
  let changes: Change[] = [];
  let compacted = 0;
  let version = 100;
  let serial = 0;
  const watchers = new Set<Watcher>();
  const requests: RequestRecord[] = [];
  const faults: { match: (method: string, path: string) => boolean; status: number; times: number }[] = [];

  const matches = (object: StoredObject, selector: string | null): boolean =>
    (selector ?? "")
      .split(",")
      .filter((part) => part !== "")
      .every((part) => {
        const [key, value] = part.split("=") as [string, string | undefined];
        const label = object.metadata.labels?.[key];
        return value === undefined ? label !== undefined : label === value;
      });
  const wants = (watcher: Watcher, change: Change) =>
    watcher.collection === change.collection &&
    (watcher.namespace === undefined || watcher.namespace === change.object.metadata.namespace) &&
    matches(change.object, watcher.selector);
  const emit = (type: Change["type"], collection: string, object: StoredObject): void => {
    const change = { version, collection, type, object: structuredClone(object) };
    changes.push(change);
    for (const watcher of watchers)
      if (wants(watcher, change)) watcher.response.write(`${JSON.stringify({ type, object: change.object })}\n`);
  };
  const put = (key: string, collection: string, object: StoredObject): StoredObject => {
    const before = objects.get(key);
    const same = (value: StoredObject) =>
      JSON.stringify({ ...value, metadata: { ...value.metadata, resourceVersion: "", generation: 0 } });
    if (before !== undefined && same(before) === same(object)) return before;
    if (before !== undefined && JSON.stringify(before.spec) !== JSON.stringify(object.spec))
      object.metadata.generation = before.metadata.generation + 1;
    object.metadata.resourceVersion = String(++version);
    const dying =
      object.metadata.deletionTimestamp !== undefined &&
      (object.metadata.finalizers ?? []).length === 0 &&
      object.metadata.grace !== true;
    if (dying) {
      remove(key, collection, object);
      return object;
    }
    objects.set(key, object);
    emit(before === undefined ? "ADDED" : "MODIFIED", collection, object);
    return object;
  };
  const remove = (key: string, collection: string, object: StoredObject): void => {
    objects.delete(key);
    object.metadata.resourceVersion = String(++version);
    emit("DELETED", collection, object);
    // What it owned goes too.
    for (const [otherKey, other] of objects) {
      if (!(other.metadata.ownerReferences ?? []).some((owner) => owner.uid === object.metadata.uid)) continue;
      remove(otherKey, otherKey.slice(0, otherKey.lastIndexOf("|")).split("|")[0]!, other);
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, "http://fake");
    const method = request.method!;
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const body = text === "" ? undefined : JSON.parse(text);
    requests.push({ method, path: url.pathname, contentType: request.headers["content-type"] ?? "", body });
    const send = (status: number, value: unknown) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    const fail = (status: number, reason: string, message: string) =>
      send(status, { kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code: status });
    const ofController = request.headers["user-agent"] === "weir-controller";
    const fault = !ofController
      ? undefined
      : faults.find(
          (entry) => entry.times > 0 && entry.match(url.searchParams.get("watch") === "true" ? "WATCH" : method, url.pathname),
        );
    const injected = ofController ? api.chaos?.(method, url.pathname) : undefined;
    if (injected !== undefined) return void fail(injected, "Injected", "asked for by the test");
    if (fault !== undefined) {
      fault.times--;
      return void fail(fault.status, "Injected", "asked for by the test");
    }
    const dry = url.searchParams.get("dryRun") === "All";
    const parsed =
      /^(\/apis?\/[^/]+(?:\/v[^/]+)?|\/api\/v1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status|scale))?$/.exec(
        url.pathname.replace(/^\/api\/v1/, "/api/v1"),
      );
    if (parsed === null) return void fail(404, "NotFound", `no such path ${url.pathname}`);
    const [, root, namespace, plural, name, subresource] = parsed;
    const collection = `${root}/${plural}`;
    const key = `${collection}|${namespace}|${name}`;

    if (name === undefined && method === "GET" && url.searchParams.get("watch") === "true") {
      const from = Number(url.searchParams.get("resourceVersion") ?? "0");
      if (from < compacted) {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(
          `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" } })}\n`,
        );
        return;
      }
      response.writeHead(200, { "Content-Type": "application/json" });
      response.flushHeaders();
      const watcher: Watcher = { collection, namespace, selector: url.searchParams.get("labelSelector"), response };
      for (const change of changes)
        if (change.version > from && wants(watcher, change))
          response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
      watchers.add(watcher);
      if (url.searchParams.get("allowWatchBookmarks") === "true")
        response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } })}\n`);
      response.on("close", () => watchers.delete(watcher));
      return;
    }
    if (name === undefined && method === "GET") {
      const selector = url.searchParams.get("labelSelector");
      const items = [...objects.entries()]
        .filter(
          ([other, object]) =>
            other.startsWith(`${collection}|`) &&
            (namespace === undefined || object.metadata.namespace === namespace) &&
            matches(object, selector),
        )
        .map(([, object]) => object);
      return void send(200, { kind: "List", metadata: { resourceVersion: String(version) }, items });
    }
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const fresh = (given: any, as: string): StoredObject => ({
      ...given,
      metadata: {
        ...given.metadata,
        name: as,
        namespace: namespace!,
        uid: `uid-${++serial}`,
        resourceVersion: "",
        generation: 1,
        creationTimestamp: now,
      },
    });
    if (name === undefined && method === "POST") {
      const as = String(body.metadata.name);
      const newKey = `${collection}|${namespace}|${as}`;
      if (objects.has(newKey)) return void fail(409, "AlreadyExists", `${plural} "${as}" already exists`);
      return void send(201, put(newKey, collection, fresh(body, as)));
    }
    const present = objects.get(key);
    if (dry && body?.spec?.template?.spec?.nodeSelector === "refused")
      return void fail(422, "Invalid", "spec.template.spec.nodeSelector: refused");
    if (dry) return void send(200, present ?? body);
    if (method === "PATCH" && present === undefined && request.headers["content-type"]?.startsWith("application/apply-patch"))
      return void send(201, put(key, collection, fresh(body, name!)));
    if (present === undefined) return void fail(404, "NotFound", `${plural} "${name}" not found`);
    const wanted = body?.metadata?.resourceVersion;
    const conflict =
      (method === "PUT" || method === "PATCH") && wanted !== undefined && wanted !== present.metadata.resourceVersion;
    if (conflict) return void fail(409, "Conflict", "the object has been modified");
    if (method === "GET") return void send(200, present);
    if (method === "PUT")
      return void send(200, put(key, collection, { ...body, metadata: { ...present.metadata, ...body.metadata } }));
    if (method === "PATCH") {
      const merged = merge(structuredClone(present), body) as StoredObject;
      const next =
        subresource === "status" ? { ...structuredClone(present), status: merged.status } : { ...merged, status: present.status };
      if (next.status === undefined) delete next.status;
      return void send(200, put(key, collection, next));
    }
    if (method === "DELETE") {
      if (body?.preconditions?.uid !== undefined && body.preconditions.uid !== present.metadata.uid)
        return void fail(409, "Conflict", "another object has that name");
      const graceful = plural === "pods" && body?.gracePeriodSeconds !== 0 && present.status?.phase === "Running";
      const next = structuredClone(present);
      next.metadata.deletionTimestamp ??= now;
      if (graceful) next.metadata.grace = true;
      else delete next.metadata.grace;
      put(key, collection, next);
      return void send(200, next);
    }
    fail(405, "MethodNotAllowed", method);
  };

  const server = createServer(
    (request, response) => void handle(request, response).catch((error: unknown) => response.destroy(error as Error)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "fake", server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true },
    { name: "tester", token: "t" },
  );
  const keyOf = (path: string) => {
    const [, root, namespace, plural, name] = /^(.*)\/namespaces\/([^/]+)\/([a-z]+)\/([^/]+)$/.exec(path)!;
    return `${root}/${plural}|${namespace}|${name}`;
  };
  const api: FakeApiServer = {
    config,
    requests,
    chaos: undefined,
    failNext: (match, status, times = 1) => void faults.push({ match, status, times }),
    dropWatches: () => {
      for (const watcher of watchers) watcher.response.destroy();
    },
    endWatches: () => {
      for (const watcher of watchers) watcher.response.end();
    },
    compact: () => {
      changes = [];
      compacted = ++version;
    },
    get: (path) => objects.get(keyOf(path)),
    list: (collection) => [...objects.entries()].filter(([key]) => key.startsWith(`${collection}|`)).map(([, object]) => object),
    watches: () => watchers.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}

function merge(target: any, patch: any): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merge(result[field], value);
  }
  return result;
}
