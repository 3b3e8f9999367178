/**
 * The kubelet's own HTTP server, which the API server asks for logs: GET /containerLogs/{namespace}/{pod}/{container}, /healthz.
 * Whoever asks must show what the options say: a client certificate, a token, or nothing.
 */
import { timingSafeEqual } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ContainerRun } from "./container.ts";
import { readLog, type LogQuery } from "./log-reader.ts";
import type { KubeletOptions } from "./options.ts";

export type FindContainer = (namespace: string, pod: string, container: string) => ContainerRun | undefined;

function allowed(request: http.IncomingMessage, options: KubeletOptions): boolean {
  if (options.tls !== undefined && (request.socket as TLSSocket).authorized) return true;
  if (options.token === undefined) return options.tls === undefined;
  const given = Buffer.from(request.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${options.token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function queryOf(parameters: URLSearchParams): LogQuery {
  const number = (name: string): number | undefined => {
    const text = parameters.get(name);
    if (text === null || text === "") return undefined;
    if (!/^\d+$/.test(text)) throw new RangeError(`${name} must be a whole number of at least 0, not ${JSON.stringify(text)}`);
    return Number(text);
  };
  const seconds = number("sinceSeconds");
  const time = parameters.get("sinceTime");
  const since = seconds === undefined ? (time === null ? undefined : Date.parse(time)) : Date.now() - seconds * 1000;
  const flag = (name: string): boolean => ["true", "1", ""].includes(parameters.get(name) ?? "false");
  return {
    follow: flag("follow"),
    timestamps: flag("timestamps"),
    tailLines: number("tailLines"),
    limitBytes: number("limitBytes"),
    since,
  };
}

async function answerLogs(
  url: URL,
  find: FindContainer,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const refuse = (code: number, message: string): void =>
    void response.writeHead(code, { "content-type": "text/plain" }).end(message);
  const [, , namespace, pod, name, rest] = url.pathname.split("/").map(decodeURIComponent);
  if (!namespace || !pod || !name || rest !== undefined) return refuse(404, "not found");
  const container = find(namespace, pod, name);
  if (container === undefined) return refuse(404, `container "${name}" of pod "${namespace}/${pod}" is not on this node`);
  let query: LogQuery;
  try {
    query = queryOf(url.searchParams);
  } catch (error) {
    return refuse(400, (error as Error).message);
  }
  const previous = url.searchParams.get("previous") === "true";
  const run = container.record.restartCount;
  const began = container.record.containerID !== undefined;
  if (previous && run === 0) return refuse(400, `previous terminated container "${name}" in pod "${pod}" not found`);
  if (!began) {
    const reason = container.record.state.waiting;
    return refuse(
      400,
      `container "${name}" in pod "${pod}" is waiting to start: ${reason?.message ?? reason?.reason ?? "unknown"}`,
    );
  }
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  response.once("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  const file = container.logFile(previous);
  // A follower stays with the run it began with, as the real kubelet's does.
  const live = (): boolean => !previous && container.running() && container.record.restartCount === run;
  for await (const chunk of readLog(file, query, live, gone.signal)) {
    if (!response.write(chunk)) await new Promise<void>((done) => (response.once("drain", done), response.once("close", done)));
    if (gone.signal.aborted) return;
  }
  response.end();
}

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startKubeletServer(options: KubeletOptions, find: FindContainer): Promise<KubeletServer> {
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://kubelet");
    const refuse = (code: number, message: string): void =>
      void response.writeHead(code, { "content-type": "text/plain" }).end(message);
    if (!allowed(request, options)) return refuse(401, "Unauthorized");
    if (url.pathname === "/healthz") return refuse(200, "ok");
    if (request.method === "GET" && url.pathname.startsWith("/containerLogs/")) {
      answerLogs(url, find, request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else refuse(500, String(error));
      });
      return;
    }
    const what = url.pathname.split("/")[1] ?? "";
    if (["exec", "attach", "portForward", "run"].includes(what))
      return refuse(501, `${what} is not supported: pods run as processes of this machine`);
    refuse(404, "not found");
  };
  const server =
    options.tls === undefined
      ? http.createServer(handle)
      : https.createServer({ ...options.tls, requestCert: true, rejectUnauthorized: false }, handle);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
