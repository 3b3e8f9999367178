// A bare HTTPS connection to a Kubernetes API server, by kubeconfig (token or client certificate), so that the suite sees
// status codes, headers and bodies as they are sent. Invariant: one answer per call; nothing is retried.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { parse } from "yaml";

export interface Answer {
  code: number;
  type: string;
  warnings: string[];
  text: string;
  body: unknown;
}

export interface Connection {
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Reads the lines of a watch until `enough` says so or the time is up. */
  watch(path: string, enough: (events: unknown[]) => boolean, milliseconds: number): Promise<unknown[]>;
  close(): void;
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

const decoded = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text, "base64"));

export function connect(kubeconfig: string): Connection {
  const config = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
  const cluster = config.clusters[0]!.cluster;
  const user = config.users[0]!.user;
  const agent = new Agent({
    keepAlive: true,
    ca: decoded(cluster["certificate-authority-data"]),
    cert: decoded(user["client-certificate-data"]),
    key: decoded(user["client-key-data"]),
  });
  const common = {
    agent,
    headers: { "user-agent": "conformance/1", ...(user.token ? { authorization: `Bearer ${user.token}` } : {}) },
  };
  return {
    send: (method, path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
        const content =
          text === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
        const outgoing = request(
          new URL(path, cluster.server),
          { ...common, method, headers: { ...common.headers, accept: "application/json", ...content, ...headers } },
          (answer) => {
            let received = "";
            answer.setEncoding("utf8");
            answer.on("data", (chunk: string) => (received += chunk));
            answer.on("error", reject);
            answer.on("end", () => {
              let parsed: unknown = received;
              try {
                parsed = JSON.parse(received);
              } catch {
                // plain text stays text
              }
              const warnings = answer.headersDistinct.warning ?? [];
              resolve({
                code: answer.statusCode ?? 0,
                type: (answer.headers["content-type"] ?? "").split(";")[0]!,
                warnings,
                text: received,
                body: parsed,
              });
            });
          },
        );
        outgoing.on("error", reject);
        outgoing.end(text);
      }),
    watch: (path, enough, milliseconds) =>
      new Promise((resolve, reject) => {
        const events: unknown[] = [];
        let rest = "";
        const outgoing = request(new URL(path, cluster.server), { ...common, method: "GET" }, (answer) => {
          const finish = (): void => {
            clearTimeout(timer);
            answer.destroy();
            resolve(events);
          };
          const timer = setTimeout(finish, milliseconds);
          answer.setEncoding("utf8");
          answer.on("data", (chunk: string) => {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop()!;
            for (const line of lines) if (line !== "") events.push(JSON.parse(line));
            if (enough(events)) finish();
          });
          answer.on("end", finish);
          answer.on("error", finish);
        });
        outgoing.on("error", reject);
        outgoing.end();
      }),
    close: () => agent.destroy(),
  };
}
