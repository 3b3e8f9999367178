/** The workers' HTTP interface, as the controller uses it: reading /status, and asking process 0 for changes. */
import * as http from "node:http";
import type { WorkerStatus } from "../decide/index.ts";

export interface WorkerClient {
  /** undefined when there is no answer in time, or none that makes sense. */
  status(address: string): Promise<WorkerStatus | undefined>;
  /** Throws with what the worker said when it refuses, and when it does not answer in time. */
  post(
    address: string,
    path: "/drain" | "/rescale" | "/snapshot",
    token: string,
    body: unknown,
    timeoutMs: number,
  ): Promise<unknown>;
  close(): void;
}

const longestAnswer = 4_000_000;

export function createWorkerClient(options: { port: number; statusTimeoutMs: number }): WorkerClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const call = (
    method: string,
    host: string,
    path: string,
    headers: http.OutgoingHttpHeaders,
    body: string | undefined,
    timeoutMs: number,
  ) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const request = http.request({ host, port: options.port, method, path, headers, agent, signal }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > longestAnswer) response.destroy(new Error("the answer is too long"));
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      request.on("error", (error) => reject(signal.aborted ? new Error(`no answer in ${timeoutMs / 1000} s`) : error));
      request.end(body);
    });

  return {
    async status(address) {
      try {
        const { status, text } = await call("GET", address, "/status", {}, undefined, options.statusTimeoutMs);
        if (status !== 200) return undefined;
        const parsed: unknown = JSON.parse(text);
        return isWorkerStatus(parsed) ? withoutNull(parsed) : undefined;
      } catch {
        // A process that does not answer is an observation, not an error.
        return undefined;
      }
    },
    async post(address, path, token, body, timeoutMs) {
      const payload = JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(payload),
      };
      const { status, text } = await call("POST", address, path, headers, payload, timeoutMs);
      if (status < 200 || status > 299) throw new Error(`POST ${path} answered ${status}: ${reasonOf(text)}`);
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    },
    close: () => agent.destroy(),
  };
}

function reasonOf(text: string): string {
  try {
    const body = JSON.parse(text) as { message?: unknown; reason?: unknown; error?: { message?: unknown } };
    const said = body.message ?? body.reason ?? body.error?.message;
    if (typeof said === "string") return said.slice(0, 500);
  } catch {
    // Plain text, then.
  }
  return text.slice(0, 500);
}

/** An empty frontier is written as null: no epoch is open any more. */
function withoutNull(status: WorkerStatus): WorkerStatus {
  const { epoch, ...rest } = status;
  return typeof epoch === "number" ? status : rest;
}

function isWorkerStatus(value: unknown): value is WorkerStatus {
  if (typeof value !== "object" || value === null) return false;
  const status = value as Partial<WorkerStatus>;
  return (
    typeof status.phase === "string" &&
    typeof status.execution === "number" &&
    typeof status.busy === "number" &&
    typeof status.topology?.processes === "number" &&
    Array.isArray(status.steps) &&
    Array.isArray(status.sources)
  );
}
