/** /healthz (the process is alive), /readyz (its caches are filled) and /metrics. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `port` 0 takes any free one. Rejects when the port is taken. */
export async function serveHealth(options: {
  port: number;
  host?: string;
  registry: Registry;
  ready: () => string | undefined;
}): Promise<HealthServer> {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "Content-Type": type }).end(body);
    const path = new URL(request.url ?? "/", "http://controller").pathname;
    if (path === "/healthz" || path === "/livez") answer(200, "ok\n");
    else if (path === "/readyz") {
      const why = options.ready();
      if (why === undefined) answer(200, "ok\n");
      else answer(503, `${why}\n`);
    } else if (path === "/metrics")
      options.registry.metrics().then(
        (text) => answer(200, text, options.registry.contentType),
        (error: unknown) => answer(500, `${String(error)}\n`),
      );
    else answer(404, "not found\n");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`port ${options.port} is in use; choose another with --health-port`, { cause: error })
          : error,
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
