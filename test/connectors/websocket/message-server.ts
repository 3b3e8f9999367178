/** A WebSocket server on loopback that does as each test says. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export interface MessageServer {
  readonly url: string;
  /** Requests of all attempts, the refused too. */
  readonly requests: IncomingMessage[];
  /** What clients have sent, over all connections. */
  readonly received: string[];
  readonly sockets: Set<WebSocket>;
  close(): Promise<void>;
}

/** `refuse` answers an attempt with a status instead. */
export async function startMessageServer(
  onOpen: (socket: WebSocket, connection: number, request: IncomingMessage) => void,
  refuse: (attempt: number) => number | undefined = () => undefined,
  options: { autoPong?: boolean } = {},
): Promise<MessageServer> {
  const requests: IncomingMessage[] = [];
  const received: string[] = [];
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, ...options });
  http.on("upgrade", (request, socket, head) => {
    requests.push(request);
    const status = refuse(requests.length);
    if (status === 0) return void socket.destroy();
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on("error", () => undefined);
      opened.on("message", (data: Buffer) => received.push(data.toString()));
      onOpen(opened, requests.length, request);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/feed`,
    requests,
    received,
    sockets: sockets.clients,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}
