// A TCP proxy that can cut, stall or refuse what goes through it.
import { connect, createServer, type Socket } from "node:net";

export interface FaultyProxy {
  readonly port: number;
  /** Connections made through it. */
  readonly connections: number;
  /** Bytes carried in both directions. */
  readonly bytes: number;
  /** Cuts every connection now, in mid-frame as it happens. */
  cut(): void;
  /** Cuts a connection after so many more bytes; undefined = never. */
  cutAfter(bytes: () => number | undefined): void;
  /** Carries nothing (connections stay, and new ones are taken) until called with false. */
  stall(on: boolean): void;
  /** Takes new connections and drops them at once until called with false. */
  drop(on: boolean): void;
  close(): Promise<void>;
}

export async function createFaultyProxy(target: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let bytes = 0;
  let stalled = false;
  let dropping = false;
  let budget: () => number | undefined = () => undefined;
  const server = createServer((client) => {
    if (dropping) return void client.destroy();
    connections++;
    const upstream = connect({ port: target, host: "127.0.0.1" });
    let left = budget();
    const pair = [client, upstream];
    const end = (): void => pair.forEach((socket) => socket.destroy());
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      if (stalled) from.pause();
      from.on("error", end);
      from.on("close", () => {
        sockets.delete(from);
        end();
      });
      from.on("data", (chunk) => {
        bytes += chunk.length;
        const part = left === undefined ? chunk : chunk.subarray(0, left);
        if (left !== undefined) left -= part.length;
        if (!to.write(part)) {
          from.pause();
          to.once("drain", () => stalled || from.resume());
        }
        if (left !== undefined && left <= 0) end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    get bytes() {
      return bytes;
    },
    cut: () => sockets.forEach((socket) => socket.destroy()),
    cutAfter(next) {
      budget = next;
    },
    stall(on) {
      stalled = on;
      for (const socket of sockets) {
        if (on) socket.pause();
        else socket.resume();
      }
    },
    drop(on) {
      dropping = on;
    },
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
