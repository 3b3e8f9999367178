// One Kubernetes API server in this process: store, catalogue, collectors and the HTTPS listener tied together.
// Invariants: listens on loopback only; every request but health and version needs the token; `close` leaves nothing behind
// but the directory, from which the next start finds everything again.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { certificateIn } from "./certificate.ts";
import { kubeletToken } from "./kubelet-token.ts";
import { startGarbageCollector } from "./collect/garbage.ts";
import { startNamespaces } from "./collect/namespaces.ts";
import { startDefinitions } from "./custom/definitions.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createListener } from "./http/listener.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { Context } from "./registry/context.ts";
import { createCatalogue } from "./resources/catalogue.ts";
import { openStore } from "./store/store.ts";

export interface ApiServerOptions {
  /** Where objects, certificate, token and kubeconfig are kept; made when absent. */
  directory: string;
  /** TCP port on 127.0.0.1; default: the port of the last start if it is free, else any. 0 = any. */
  port?: number;
  /** Bearer token; default: the one of the last start, or a new one. */
  token?: string;
  /** Milliseconds since 1970, for timestamps and ages. */
  clock?: () => number;
  /** How many writes a watch can be behind before it gets 410 (default 5000). */
  historyLimit?: number;
  /** Told about errors of the server itself (default: console.error). */
  onError?: (error: unknown) => void;
}

export interface ApiServer {
  url: string;
  /** The path of a kubeconfig for this server. */
  kubeconfig: string;
  token: string;
  faults: Faults;
  close(): Promise<void>;
}

function kept(file: string, make: () => string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const value = make();
  writeFileSync(file, value, { mode: 0o600 });
  return value;
}

/**
 * Starts a server. Rejects when the directory cannot be written, when another server has it, or when an explicit port is taken.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const now = options.clock ?? Date.now;
  const token = options.token ?? kept(join(directory, "token"), () => randomBytes(24).toString("base64url"));
  const { key, certificate } = certificateIn(directory);
  const store = openStore({ directory, historyLimit: options.historyLimit ?? 5000 });
  const catalogue = createCatalogue();
  const context: Context = { store, catalogue, now, kubeletToken: kubeletToken(token) };
  let closing: Promise<void> | undefined;
  const report = options.onError ?? ((error: unknown) => console.error("api server:", error));
  // What a request meets whose server is closing under it is no error.
  const onError = (error: unknown): void => {
    if (!closing) report(error);
  };
  const faults = createFaults(now, () => store.history.compact(store.revision()));

  // Definitions first: what they define must be known before anything of it is collected.
  const stops = [startDefinitions(context), startNamespaces(context, certificate), startGarbageCollector(context)];
  let url = "";
  const server = createServer({ key, cert: certificate }, createListener({ context, token, faults, url: () => url, onError }));
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {});

  const release = (): void => {
    for (const stop of stops.reverse()) stop();
    store.close();
  };
  try {
    await listen(server, options.port, join(directory, "port"));
  } catch (error) {
    release();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  writeFileSync(join(directory, "port"), String(port));
  url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(directory, "kubeconfig");
  writeKubeconfig(kubeconfig, { url, certificate, token });
  return {
    url,
    kubeconfig,
    token,
    faults,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
        release();
      });
      return closing;
    },
  };
}

/** Listens on the asked port, or on the last one, or on any. */
async function listen(server: ReturnType<typeof createServer>, port: number | undefined, file: string): Promise<void> {
  const attempt = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  if (port !== undefined) return attempt(port);
  const last = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  try {
    await attempt(last || 0);
  } catch {
    await attempt(0);
  }
}
