/**
 * The listening end of the mesh: takes upgrades to `/mesh`, checks the token before anything else, and answers the hello
 * within the upgrade, so that a connection that stands is a link that stands. A refusal is an HTTP answer with its reason.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { WeirError } from "../../../errors/index.ts";
import { pack, sameToken, unpackHello, type Hello, type Refusal, type Welcome } from "./hello.ts";

export const meshPath = "/mesh";
export const helloHeader = "weir-hello";
/** Largest packet accepted. A batch of records is some megabytes at most; a single record may be larger. */
export const largestPacket = 1 << 30;

export interface AcceptorOptions {
  readonly token: string;
  /** Decides on a hello whose token was right. */
  readonly admit: (hello: Hello) => { readonly welcome: Welcome; readonly attach: (socket: WebSocket) => void } | Refusal;
}

export interface Acceptor {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function createAcceptor(options: AcceptorOptions): Acceptor {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: largestPacket,
    clientTracking: false,
  });
  const welcomes = new WeakMap<IncomingMessage, Welcome>();
  server.on("headers", (headers, request) => {
    const welcome = welcomes.get(request);
    if (welcome !== undefined) headers.push(`${helloHeader}: ${pack(welcome)}`);
  });
  return {
    upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      if (request.url?.split("?")[0] !== meshPath)
        return answer(socket, 404, { kind: "protocol", reason: "no such path", execution: 0 });
      if (!sameToken(request.headers.authorization, options.token)) {
        return answer(socket, 401, { kind: "token", reason: "the token is missing or wrong", execution: 0 });
      }
      const hello = unpackHello(request.headers[helloHeader]);
      if (hello === undefined)
        return answer(socket, 400, { kind: "protocol", reason: "the hello is missing or malformed", execution: 0 });
      const decision = options.admit(hello);
      if ("kind" in decision) return answer(socket, 409, decision);
      welcomes.set(request, decision.welcome);
      server.handleUpgrade(request, socket, head, decision.attach);
    },
  };
}

function answer(socket: Duplex, status: number, refusal: Refusal): void {
  const body = JSON.stringify(refusal);
  const reason = { 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict" }[status];
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

export interface ListenOptions {
  readonly port: number;
  /** Address to bind; all when undefined. */
  readonly host?: string | undefined;
}

/**
 * PEM texts of mutual TLS: each process shows `cert`, and takes whoever shows one that `ca` has signed. The authority is the
 * flow's own: names in certificates are not compared, as processes come and go by address.
 */
export interface MeshTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** @throws WEIR_PORT_IN_USE */
export function listen(acceptor: Acceptor, options: ListenOptions, tls: MeshTls | undefined): Promise<Server> {
  const settings: ServerOptions = { headersTimeout: 10_000, maxHeaderSize: 16 << 10 };
  const noPage: RequestListener = (_request, response) => void response.writeHead(426, { connection: "close" }).end();
  const server =
    tls === undefined
      ? createServer(settings, noPage)
      : createSecureServer({ ...settings, ...tls, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" }, noPage);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => acceptor.upgrade(request, socket, head));
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const place = `${options.host ?? "*"}:${options.port}`;
      reject(
        cause.code === "EADDRINUSE"
          ? new WeirError("WEIR_PORT_IN_USE", `the mesh cannot listen on ${place}: the port is in use`, { cause })
          : cause,
      );
    });
    server.listen(options.port, options.host, () => resolve(server));
  });
}
