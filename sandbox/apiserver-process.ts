/**
 * The API server in a process of its own, started by sandbox/api-server-child.ts over an IPC channel. Invariant: it ends when the channel does, so it
 * never outlives who started it.
 */
import { startApiServer, type ApiServerOptions, type FaultRule } from "./apiserver/index.ts";

export type ToServer =
  | { readonly start: Pick<ApiServerOptions, "directory" | "port" | "token"> }
  | { readonly fault: "add"; readonly rule: FaultRule }
  | { readonly fault: "clear" | "compact" }
  | { readonly fault: "cutWatches"; readonly expire: boolean }
  | { readonly close: true };

export type FromServer =
  | { readonly url: string; readonly kubeconfig: string; readonly token: string }
  | { readonly failed: string }
  | { readonly error: string }
  | { readonly done: true };

const send = (message: FromServer): void => void process.send?.(message);
let server: Awaited<ReturnType<typeof startApiServer>> | undefined;

async function handle(message: ToServer): Promise<void> {
  if ("start" in message) {
    try {
      server = await startApiServer({
        ...message.start,
        onError: (error) => send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      });
      send({ url: server.url, kubeconfig: server.kubeconfig, token: server.token });
    } catch (error) {
      send({ failed: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    }
    return;
  }
  if ("close" in message) {
    await server?.close();
    process.exit(0);
  }
  if (message.fault === "add") server?.faults.add(message.rule);
  else if (message.fault === "cutWatches") server?.faults.cutWatches({ expire: message.expire });
  else server?.faults[message.fault]();
  send({ done: true });
}

process.on("message", (message) => void handle(message as ToServer));
process.on("disconnect", () => {
  void (server?.close() ?? Promise.resolve()).finally(() => process.exit(0));
});
// Ctrl-C on a terminal reaches every process there; who started this one decides when it ends.
process.on("SIGINT", () => undefined);
