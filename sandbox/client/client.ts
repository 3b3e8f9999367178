/**
 * A small client of the Kubernetes API: JSON over node:http, nothing generated. It loads in milliseconds where the full client
 * takes half a second, which counts in a program people start on their laptops.
 * Invariant: every call ends: with an answer, an ApiError, or the caller's abort.
 */
import * as http from "node:http";
import * as https from "node:https";
import type { ClusterAccess } from "./kubeconfig.ts";
import type { KubernetesObject, Status } from "./types.ts";

/** The API said no. `code` is the HTTP status (0: no answer at all), `reason` the Status' own, NotFound or Conflict for instance. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  constructor(code: number, reason: string, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 409;
export const isAlreadyExists = (error: unknown): boolean => error instanceof ApiError && error.reason === "AlreadyExists";

/** Where objects of one kind are: `/api/v1` + `pods`, `/apis/apps/v1` + `statefulsets`. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export type Query = Record<string, string | number | boolean | undefined>;

export interface List<T> {
  metadata: { resourceVersion?: string; continue?: string };
  items: T[];
}

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  /** An answer that is not whole after this many milliseconds is an error; default 30,000. 0: never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Client {
  readonly access: ClusterAccess;
  /** The parsed JSON answer. Throws ApiError. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** The answer's body as a stream, for watches. Throws ApiError when the status is not 200. */
  stream(path: string, options?: RequestOptions): Promise<http.IncomingMessage>;
  get<T extends KubernetesObject>(resource: Resource, name: string, namespace?: string): Promise<T>;
  list<T extends KubernetesObject>(resource: Resource, namespace?: string, query?: Query): Promise<List<T>>;
  create<T extends KubernetesObject>(resource: Resource, object: T, options?: { subresource?: string; name?: string }): Promise<T>;
  replace<T extends KubernetesObject>(resource: Resource, object: T, subresource?: string): Promise<T>;
  /** A JSON merge patch. */
  merge<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    subresource?: string,
  ): Promise<T>;
  delete(resource: Resource, name: string, namespace?: string, options?: Record<string, unknown>): Promise<void>;
  /** Closes kept connections. */
  close(): void;
}

export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${resource.plural}${object}${subresource === undefined ? "" : `/${subresource}`}`;
}

function withQuery(path: string, query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

async function text(message: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function refusal(method: string, path: string, message: http.IncomingMessage, body: string): ApiError {
  const code = message.statusCode ?? 0;
  let status: Partial<Status> = {};
  try {
    status = JSON.parse(body) as Partial<Status>;
  } catch {
    status = { message: body.slice(0, 300) };
  }
  const seconds = status.details?.retryAfterSeconds ?? Number(message.headers["retry-after"]);
  return new ApiError(
    code,
    status.reason ?? http.STATUS_CODES[code] ?? "Unknown",
    `${method} ${path}: ${status.message ?? code}`,
    Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {},
  );
}

export function createClient(access: ClusterAccess, userAgent = "sandbox"): Client {
  const secure = access.server.startsWith("https:");
  const base = new URL(access.server);
  const tls = { ca: access.ca, cert: access.cert, key: access.key, rejectUnauthorized: access.insecure !== true };
  const agent = secure ? new https.Agent({ keepAlive: true, ...tls }) : new http.Agent({ keepAlive: true });
  // A watch holds its connection for minutes and is cut, not returned: it has its own.
  const streams = secure ? new https.Agent({ keepAlive: false, ...tls }) : new http.Agent({ keepAlive: false });

  const open = (
    method: string,
    path: string,
    options: RequestOptions,
    through: http.Agent,
    again: boolean,
  ): Promise<http.IncomingMessage> =>
    new Promise((done, fail) => {
      const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
      const headers: http.OutgoingHttpHeaders = { accept: "application/json", "user-agent": userAgent };
      if (access.token !== undefined) headers["authorization"] = `Bearer ${access.token}`;
      if (body !== undefined) {
        headers["content-type"] = options.contentType ?? "application/json";
        headers["content-length"] = body.length;
      }
      const request = (secure ? https : http).request(
        {
          method,
          host: base.hostname,
          port: base.port === "" ? (secure ? 443 : 80) : base.port,
          path: `${base.pathname === "/" ? "" : base.pathname}${withQuery(path, options.query)}`,
          headers,
          agent: through,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        done,
      );
      const timeout = options.timeoutMs ?? 30_000;
      if (timeout > 0) request.setTimeout(timeout, () => request.destroy(new Error(`no answer within ${timeout} ms`)));
      request.on("error", (cause: NodeJS.ErrnoException) => {
        // A kept connection that the server closed in the same moment: the request was never read.
        if (again && request.reusedSocket && cause.code === "ECONNRESET") return done(open(method, path, options, through, false));
        fail(new ApiError(0, "Unreachable", `${method} ${access.server}${path}: ${cause.message}`, { cause }));
      });
      request.end(body);
    });

  const client: Client = {
    access,
    async request(method, path, options = {}) {
      const answer = await open(method, path, options, agent, true);
      const body = await text(answer).catch((cause: unknown) => {
        throw new ApiError(0, "Unreachable", `${method} ${access.server}${path}: the answer was cut off`, { cause });
      });
      if ((answer.statusCode ?? 0) >= 300) throw refusal(method, path, answer, body);
      return (body === "" ? undefined : JSON.parse(body)) as never;
    },
    async stream(path, options = {}) {
      const answer = await open("GET", path, { timeoutMs: 0, ...options }, streams, false);
      if (answer.statusCode !== 200) throw refusal("GET", path, answer, await text(answer).catch(() => ""));
      return answer;
    },
    get: (resource, name, namespace) => client.request("GET", resourcePath(resource, namespace, name)),
    list: (resource, namespace, query) =>
      client.request("GET", resourcePath(resource, namespace), query === undefined ? {} : { query }),
    create(resource, object, options = {}) {
      const path = resourcePath(resource, object.metadata.namespace, options.name, options.subresource);
      return client.request("POST", path, { body: object });
    },
    replace(resource, object, subresource) {
      const path = resourcePath(resource, object.metadata.namespace, object.metadata.name, subresource);
      return client.request("PUT", path, { body: object });
    },
    merge(resource, name, namespace, patch, subresource) {
      const path = resourcePath(resource, namespace, name, subresource);
      return client.request("PATCH", path, { body: patch, contentType: "application/merge-patch+json" });
    },
    async delete(resource, name, namespace, options = {}) {
      await client.request("DELETE", resourcePath(resource, namespace, name), {
        body: { apiVersion: "v1", kind: "DeleteOptions", ...options },
      });
    },
    close() {
      agent.destroy();
      streams.destroy();
    },
  };
  return client;
}
