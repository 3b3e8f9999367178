/**
 * The Kubernetes API as the controller uses it: requests with JSON bodies, server-side apply, and watches as streams of
 * events. Addresses, certificates and tokens come from a kubeconfig or from the pod's service account. Every request has a
 * deadline. A few times a request is sent again after 429 (which was not carried out), and a read after 5xx; more patience is the
 * business of whoever asks.
 */
import * as http from "node:http";
import * as https from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { isFailureStatus } from "../api/index.ts";
import { backoff, jittered } from "./backoff.ts";
import { sleep, systemClock } from "./clock.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";

export class KubeError extends Error {
  /** HTTP status; 0 = no answer. */
  readonly status: number;
  /** Kubernetes' word for it: NotFound, Conflict, Expired, … */
  readonly reason: string;
  constructor(status: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KubeError";
    this.status = status;
    this.reason = reason;
  }
}

export function isKubeError(error: unknown, status: number): error is KubeError {
  return error instanceof KubeError && error.status === status;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export interface KubeClient {
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** Server-side apply, taking fields over from others. */
  apply<T>(path: string, body: unknown, fieldManager: string): Promise<T>;
  /** Ends when the server ends it; throws when it breaks, or is silent for `idleMs`. */
  watch<T>(
    path: string,
    query: RequestOptions["query"],
    options: { signal: AbortSignal; idleMs: number },
  ): AsyncGenerator<WatchEvent<T>>;
  close(): void;
}

export interface KubeClientOptions {
  readonly userAgent?: string;
  readonly limit?: RateLimit;
  readonly onResponse?: (method: string, status: number) => void;
}

const requestTimeoutMs = 30_000;
const attempts = 4;
const retry = { baseMs: 100, mostMs: 2000 };

export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path !== undefined) {
    config.loadFromFile(path);
    return config;
  }
  config.loadFromDefault();
  // What the library takes when it finds nothing at all.
  if (config.getCurrentCluster()?.server === "http://localhost:8080")
    throw new KubeError(
      0,
      "NoCluster",
      "no cluster is known: give --kubeconfig, set $KUBECONFIG, or run in a pod with a service account",
    );
  return config;
}

export function createKubeClient(config: KubeConfig, options: KubeClientOptions = {}): KubeClient {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new KubeError(0, "NoCluster", "the kubeconfig has no current cluster; give --kubeconfig or run in a cluster");
  const base = new URL(cluster.server);
  const secure = base.protocol === "https:";
  const limit = options.limit ?? createRateLimit(systemClock, 100, 200);
  const plainAgent = new http.Agent({ keepAlive: true });
  let tls: { agent: https.Agent; key: string } | undefined;

  /** Credentials are read for each request: tokens of service accounts are renewed on disk. */
  const prepare = async (): Promise<https.RequestOptions> => {
    if (!secure) {
      const token = config.getCurrentUser()?.token;
      return { agent: plainAgent, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } };
    }
    const applied: https.RequestOptions = {};
    await config.applyToHTTPSOptions(applied);
    const { ca, cert, key, rejectUnauthorized, servername, headers, auth, pfx, passphrase } = applied;
    const material = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const fingerprint = JSON.stringify(material);
    if (tls === undefined || tls.key !== fingerprint) {
      tls?.agent.destroy();
      const present = Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined));
      tls = { agent: new https.Agent({ keepAlive: true, ...present }), key: fingerprint };
    }
    return { agent: tls.agent, headers: headers ?? {}, ...(auth === undefined ? {} : { auth }) };
  };

  const open = async (method: string, path: string, request: RequestOptions): Promise<http.IncomingMessage> => {
    const url = new URL(base.pathname.replace(/\/$/, "") + path, base);
    for (const [name, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const prepared = await prepare();
    const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
    const headers: http.OutgoingHttpHeaders = {
      ...(prepared.headers as http.OutgoingHttpHeaders),
      Accept: "application/json",
      "User-Agent": options.userAgent ?? "weir-controller",
    };
    if (payload !== undefined) {
      headers["Content-Type"] = request.contentType ?? "application/json";
      headers["Content-Length"] = Buffer.byteLength(payload);
    }
    return new Promise((resolve, reject) => {
      const send = secure ? https.request : http.request;
      const outgoing = send(
        url,
        { ...prepared, method, headers, ...(request.signal === undefined ? {} : { signal: request.signal }) },
        resolve,
      );
      outgoing.on("error", (cause) => reject(new KubeError(0, "NoAnswer", `${method} ${path}: ${cause.message}`, { cause })));
      outgoing.end(payload);
    });
  };

  const request = async <T>(method: string, path: string, asked: RequestOptions = {}): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await requestOnce<T>(method, path, asked);
      } catch (error) {
        const again = error instanceof KubeError && (error.status === 429 || (method === "GET" && error.status >= 500));
        if (!again || attempt === attempts || asked.signal?.aborted === true) throw error;
        await sleep(systemClock, jittered(backoff(attempt, retry), Math.random), asked.signal);
      }
    }
  };

  const requestOnce = async <T>(method: string, path: string, asked: RequestOptions = {}): Promise<T> => {
    await limit.admit(asked.signal);
    const deadline = AbortSignal.timeout(asked.timeoutMs ?? requestTimeoutMs);
    const signal = asked.signal === undefined ? deadline : AbortSignal.any([asked.signal, deadline]);
    try {
      const response = await open(method, path, { ...asked, signal });
      const text = await textOf(response);
      const status = response.statusCode ?? 0;
      options.onResponse?.(method, status);
      if (status < 200 || status > 299) throw failure(method, path, status, text);
      return (text === "" ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      if (error instanceof KubeError) {
        if (error.status === 0) options.onResponse?.(method, 0);
        throw error;
      }
      const message = error instanceof Error ? error.message : String(error);
      throw new KubeError(0, "NoAnswer", `${method} ${path}: ${message}`, { cause: error });
    }
  };

  async function* watch<T>(
    path: string,
    query: RequestOptions["query"],
    { signal, idleMs }: { signal: AbortSignal; idleMs: number },
  ): AsyncGenerator<WatchEvent<T>> {
    const ending = new AbortController();
    const abort = () => ending.abort();
    signal.addEventListener("abort", abort, { once: true });
    let idle = setTimeout(abort, idleMs);
    const alive = () => {
      clearTimeout(idle);
      idle = setTimeout(abort, idleMs);
    };
    try {
      const response = await open("GET", path, { query: { ...query, watch: true }, signal: ending.signal });
      const status = response.statusCode ?? 0;
      options.onResponse?.("WATCH", status);
      if (status !== 200) throw failure("WATCH", path, status, await textOf(response));
      response.setEncoding("utf8");
      let rest = "";
      for await (const chunk of response as AsyncIterable<string>) {
        alive();
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) if (line !== "") yield JSON.parse(line) as WatchEvent<T>;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof KubeError) throw error;
      throw new KubeError(0, "WatchBroken", `WATCH ${path}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    } finally {
      clearTimeout(idle);
      signal.removeEventListener("abort", abort);
      ending.abort();
    }
  }

  return {
    request,
    watch,
    apply: <T>(path: string, body: unknown, fieldManager: string) =>
      request<T>("PATCH", path, { query: { fieldManager, force: true }, body, contentType: "application/apply-patch+yaml" }),
    close: () => {
      plainAgent.destroy();
      tls?.agent.destroy();
    },
  };
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  return text;
}

function failure(method: string, path: string, status: number, text: string): KubeError {
  try {
    const body: unknown = JSON.parse(text);
    if (isFailureStatus(body))
      return new KubeError(status, body.reason ?? "Unknown", body.message ?? `${method} ${path}: ${status}`);
  } catch {
    // Not the API's own answer: a proxy's page, say.
  }
  return new KubeError(status, "Unknown", `${method} ${path}: ${status} ${text.slice(0, 200)}`);
}
