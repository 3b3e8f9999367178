/**
 * The dialing end of the mesh: one attempt at a time to one peer, with a back-off that doubles and some jitter. Ends by itself
 * only when closed; what to make of a refusal is for the mesh to decide.
 */
import { WebSocket, type ClientOptions } from "ws";
import { helloHeader, largestPacket, meshPath, type MeshTls } from "./acceptor.ts";
import { pack, unpackRefusal, unpackWelcome, type Hello, type Refusal, type Welcome } from "./hello.ts";

export interface DialerOptions {
  /** host:port, asked for at each attempt. */
  readonly address: () => string;
  readonly token: string;
  readonly tls: MeshTls | undefined;
  readonly hello: () => Hello;
  readonly random: () => number;
  /** Whether there is no connection yet. */
  readonly needed: () => boolean;
  readonly accepted: (socket: WebSocket, welcome: Welcome) => void;
  readonly refused: (refusal: Refusal) => void;
  /** No answer; `code` is the system's ("ECONNREFUSED"), if any. */
  readonly failed: (code: string | undefined) => void;
}

export interface Dialer {
  /** Dials now, unless an attempt is under way. */
  dial(): void;
  /** Dials after the back-off. */
  retry(): void;
  close(): void;
}

const firstBackoff = 50;
const largestBackoff = 2_000;
const handshakeMilliseconds = 5_000;

export function createDialer(options: DialerOptions): Dialer {
  let backoff = firstBackoff;
  let timer: NodeJS.Timeout | undefined;
  let attempt: WebSocket | undefined;
  let closed = false;
  const secure = options.tls === undefined ? {} : { ...options.tls, checkServerIdentity: () => undefined };
  const scheme = options.tls === undefined ? "ws" : "wss";

  function dial(): void {
    clearTimeout(timer);
    timer = undefined;
    if (closed || attempt !== undefined || !options.needed()) return;
    const settings: ClientOptions = {
      perMessageDeflate: false,
      maxPayload: largestPacket,
      handshakeTimeout: handshakeMilliseconds,
      headers: { authorization: `Bearer ${options.token}`, [helloHeader]: pack(options.hello()) },
      // Masks protect browsers' proxies, not us: a mask of zeros spares a pass over every byte.
      generateMask: (mask) => mask.fill(0),
      ...secure,
    };
    const socket = new WebSocket(`${scheme}://${options.address()}${meshPath}`, settings);
    attempt = socket;
    let welcome: Welcome | undefined;
    let answered = false;
    socket.on("upgrade", (response) => {
      welcome = unpackWelcome(response.headers[helloHeader]);
    });
    socket.on("unexpected-response", (request, response) => {
      answered = true;
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (body.length < 4096) body += chunk;
      });
      response.on("error", () => undefined);
      response.on("close", () => {
        request.destroy();
        attempt = undefined;
        if (closed) return;
        options.refused(unpackRefusal(body) ?? { kind: "protocol", reason: `HTTP status ${response.statusCode}`, execution: 0 });
      });
    });
    socket.on("open", () => {
      answered = true;
      attempt = undefined;
      if (closed || welcome === undefined) {
        socket.terminate();
        if (!closed) options.refused({ kind: "protocol", reason: "the answer has no hello", execution: 0 });
        return;
      }
      backoff = firstBackoff;
      options.accepted(socket, welcome);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (answered || closed) return;
      answered = true;
      attempt = undefined;
      const code = errorCode(error);
      if (code !== undefined && certificateTrouble.test(code)) {
        return options.refused({ kind: "protocol", reason: `no TLS between the two: ${error.message}`, execution: 0 });
      }
      options.failed(code);
    });
  }

  return {
    dial,
    retry() {
      if (closed || timer !== undefined || attempt !== undefined) return;
      timer = setTimeout(dial, backoff * (0.75 + options.random() / 2));
      backoff = Math.min(backoff * 2, largestBackoff);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      attempt?.terminate();
    },
  };
}

/** One side has no TLS, or shows a certificate that the other does not take: waiting will not mend it. */
const certificateTrouble = /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/;

/** With several addresses for a name, the error is an aggregate of theirs. */
function errorCode(error: NodeJS.ErrnoException): string | undefined {
  return error.code ?? (error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined)?.code : undefined);
}
