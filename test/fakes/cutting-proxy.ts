/** A proxy on loopback that passes requests on and, when asked, loses the answer or the request: for servers that cannot be told to misbehave. */
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * `cut` passes the request on and cuts the connection instead of answering; `cut-before` only cuts; a number answers with that status; `hold`
 * passes nothing on and never answers; `hold-answer` passes it on and never answers. `slowMs` waits before it passes the request on;
 * `cutUploadAt` and `cutAnswerAt` cut the connection in the middle of a body, behind so many bytes.
 */
export type ProxyFault =
  | "cut"
  | "cut-before"
  | "hold"
  | "hold-answer"
  | number
  | { readonly slowMs: number }
  | { readonly cutUploadAt: number }
  | { readonly cutAnswerAt: number };
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
    if (fault === "hold") return void incoming.resume();
    if (typeof fault === "number") return void incoming.resume().on("end", () => response.writeHead(fault).end());
    const details: { slowMs?: number; cutUploadAt?: number; cutAnswerAt?: number } = typeof fault === "object" ? fault : {};
    const pass = (): void => {
      const outgoing = send({ host: "127.0.0.1", port: targetPort, method, path: url, headers }, (answer) => {
        answer.on("error", () => response.destroy());
        if (fault === "hold-answer") return void answer.resume();
        if (fault === "cut") {
          answer.resume().on("end", () => response.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (details.cutAnswerAt !== undefined) cutBehind(details.cutAnswerAt, answer, response, () => response.destroy());
        else answer.pipe(response);
      });
      outgoing.on("error", () => response.destroy());
      if (details.cutUploadAt !== undefined) {
        cutBehind(details.cutUploadAt, incoming, outgoing, () => {
          outgoing.destroy();
          response.destroy();
        });
      } else incoming.pipe(outgoing);
    };
    if (details.slowMs !== undefined) setTimeout(pass, details.slowMs);
    else pass();
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

/** Passes `limit` bytes on, then cuts; a shorter body passes whole. */
function cutBehind(limit: number, from: NodeJS.ReadableStream, to: NodeJS.WritableStream, cut: () => void): void {
  let passed = 0;
  from.on("data", (chunk: Buffer) => {
    if (passed >= limit) return;
    passed += chunk.length;
    to.write(chunk.subarray(0, chunk.length - Math.max(0, passed - limit)), () => {
      if (passed >= limit) cut();
    });
  });
  from.on("end", () => {
    if (passed < limit) to.end();
  });
}
