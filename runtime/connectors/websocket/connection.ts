/**
 * One WebSocket connection: opened, subscribed, watched for signs of life, paused and resumed. It reports each message and, once,
 * how it ended.
 */
import type { WebSocket } from "ws";
import type { WebSocketMessage } from "./options.ts";

export interface ConnectionOptions {
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly messages: readonly WebSocketMessage[];
  readonly pingMs: number;
  readonly idleTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly onOpen: () => void;
  readonly onMessage: (message: WebSocketMessage, bytes: number) => void;
}
export type Ending =
  /** The closing handshake's code; 1005 = none given, 1006 = there was no handshake. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "too long"; readonly error: Error }
  | { readonly kind: "failed"; readonly error: Error };

export interface Connection {
  readonly ended: Promise<Ending>;
  /** Stops reading: the network's own buffers fill, and the server has to wait. */
  pause(): void;
  resume(): void;
  close(): void;
}

export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { WebSocket: Socket } = await import("ws");
  const socket: WebSocket = new Socket(options.url, [...options.protocols], {
    headers: { ...options.headers },
    maxPayload: options.maxMessageBytes,
    handshakeTimeout: options.idleTimeoutMs,
    perMessageDeflate: true,
    followRedirects: false,
  });
  let alive = Date.now();
  let paused = false;
  let trouble: Ending | undefined;
  const seen = (): void => {
    alive = Date.now();
  };
  const every = Math.max(5, Math.min(options.idleTimeoutMs / 4, 1_000));
  let looked = Date.now();
  const watch = setInterval(() => {
    const now = Date.now();
    // While nothing is read, because we paused or this thread was busy, pongs are not either, so silence says nothing.
    const busy = now - looked > 2 * every;
    looked = now;
    if (paused || busy || socket.readyState !== socket.OPEN) return seen();
    if (now - alive < options.idleTimeoutMs) return;
    trouble ??= { kind: "failed", error: new Error(`nothing came for ${options.idleTimeoutMs} ms`) };
    socket.terminate();
  }, every);
  const ping = setInterval(() => {
    if (socket.readyState === socket.OPEN) socket.ping();
  }, options.pingMs);

  const ended = new Promise<Ending>((resolve) => {
    socket.on("open", () => {
      seen();
      options.onOpen();
      for (const message of options.messages) socket.send(message);
    });
    socket.on("message", (data, isBinary) => {
      seen();
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
      options.onMessage(
        isBinary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes.toString("utf8"),
        bytes.length,
      );
    });
    socket.on("ping", seen);
    socket.on("pong", seen);
    socket.on("unexpected-response", (request, response) => {
      trouble ??= { kind: "refused", status: response.statusCode ?? 0 };
      response.resume();
      request.destroy();
      socket.terminate();
    });
    socket.on("error", (error: Error & { code?: string }) => {
      trouble ??= error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? { kind: "too long", error } : { kind: "failed", error };
    });
    socket.on("close", (code, reason) => {
      clearInterval(watch);
      clearInterval(ping);
      resolve(trouble ?? { kind: "closed", code, reason: reason.toString("utf8") });
    });
  });
  return {
    ended,
    pause() {
      paused = true;
      if (socket.readyState === socket.OPEN) socket.pause();
    },
    resume() {
      paused = false;
      seen();
      if (socket.isPaused) socket.resume();
    },
    close: () => socket.terminate(),
  };
}
