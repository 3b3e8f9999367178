/** A proxy on loopback that passes requests on and, when asked, loses the answer or the request: for servers that cannot be told to misbehave. */
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** `cut` passes the request on and cuts the connection instead of answering; `cut-before` only cuts; a number answers with that status. */
export type ProxyFault = "cut" | "cut-before" | number;
export interface CuttingProxy {
  readonly port: number;
  fault: ((method: string, path: string) => ProxyFault | undefined) | undefined;
  close(): Promise<void>;
}

export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const server = createServer((incoming, response) => {
    const { method = "GET", url = "/", headers } = incoming;
    const fault = proxy.fault?.(method, url);
    if (fault === "cut-before") return void response.destroy();
    if (typeof fault === "number") return void incoming.resume().on("end", () => response.writeHead(fault).end());
    const outgoing = send({ host: "127.0.0.1", port: targetPort, method, path: url, headers }, (answer) => {
      if (fault === "cut") {
        answer.resume().on("end", () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: CuttingProxy = {
    port: (server.address() as AddressInfo).port,
    fault: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
