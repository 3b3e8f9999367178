/** A proxy on loopback for any protocol over TCP that cuts, stalls or slows what passes: for servers that cannot be told to misbehave. */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Connections that stand now. */
  readonly connections: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Bytes that came from the server since the start. */
  readonly received: number;
  /** New connections are cut at once while true. */
  refuse: boolean;
  /** Nothing passes in either direction while true; connections stay up. */
  stalled: boolean;
  /** Each piece from the server is passed on so much later. */
  delayMs: number;
  /** Cuts all connections now. */
  cut(): void;
  /** Cuts all connections in the middle of an answer: once the server has sent so many more bytes. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

/** `targetPort` may be 0 at first and be set by `target` later. */
export async function startTcpProxy(target: { port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const waiting: (() => void)[] = [];
  let stalled = false;
  let accepted = 0;
  let received = 0;
  let cutAt = Infinity;

  const pump = (from: Socket, to: Socket, fromServer: boolean): void => {
    from.on("data", (piece: Buffer) => {
      if (fromServer) received += piece.length;
      const pass = (): void => {
        if (stalled) return void waiting.push(pass);
        if (fromServer && received >= cutAt) {
          cutAt = Infinity;
          to.write(piece.subarray(0, piece.length >> 1), () => proxy.cut());
          return;
        }
        if (to.writable && !to.write(piece)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      };
      if (fromServer && proxy.delayMs > 0) setTimeout(pass, proxy.delayMs);
      else pass();
    });
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  };
  const server = createServer((client) => {
    accepted += 1;
    if (proxy.refuse) return void client.destroy();
    const upstream = connect(target.port, "127.0.0.1");
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    pump(client, upstream, false);
    pump(upstream, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    get received() {
      return received;
    },
    refuse: false,
    get stalled() {
      return stalled;
    },
    set stalled(value: boolean) {
      stalled = value;
      if (!value) for (const pass of waiting.splice(0)) pass();
    },
    delayMs: 0,
    cut() {
      for (const [client, upstream] of pairs) {
        client.destroy();
        upstream.destroy();
      }
    },
    cutAfter(bytes) {
      cutAt = received + bytes;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        proxy.cut();
      }),
  };
  return proxy;
}
