// A server in a temporary directory for one test file, with a bare connection to it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApiServer, type ApiServer, type ApiServerOptions } from "../../../sandbox/apiserver/index.ts";
import { connect, type Answer, type Connection } from "../conformance/connection.ts";

export interface Started {
  server: ApiServer;
  connection: Connection;
  directory: string;
  errors: unknown[];
  /** Sends and fails unless the answer has one of the codes (default 200 and 201). */
  ok(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Record<string, any>>;
  stop(): Promise<void>;
}

export async function started(options: Partial<ApiServerOptions> = {}): Promise<Started> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "apiserver-"));
  const errors: unknown[] = [];
  const server = await startApiServer({ directory, onError: (error) => errors.push(error), ...options });
  const connection = connect(server.kubeconfig);
  return {
    server,
    connection,
    directory,
    errors,
    async ok(method, path, body, headers) {
      const answer: Answer = await connection.send(method, path, body, headers);
      if (answer.code > 299) throw new Error(`${method} ${path}: ${answer.code} ${answer.text}`);
      return answer.body as Record<string, any>;
    },
    async stop() {
      connection.close();
      await server.close();
      if (!options.directory) rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const configMap = (name: string, metadata: object = {}, data: object = { a: "1" }): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const maps = "/api/v1/namespaces/default/configmaps";

/** Waits until `probe` gives something, for at most five seconds. */
export async function eventually<T>(probe: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to pass in five seconds");
}
