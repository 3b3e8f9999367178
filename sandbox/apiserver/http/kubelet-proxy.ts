// Logs of pods: fetched from the kubelet of the node a pod runs on, as the real server does, over plain HTTP on loopback.
// Invariant: the client's connection and the kubelet's end together; a kubelet that cannot be reached is said to be so.

import { request as httpRequest } from "node:http";
import { ApiError, badRequest } from "../errors/status.ts";
import { objectAt, objectsAt, stringAt, type KubeObject } from "../json.ts";
import { get } from "../registry/read.ts";
import type { Call } from "./call.ts";

const passed = ["follow", "tailLines", "sinceSeconds", "sinceTime", "timestamps", "previous", "limitBytes"];

function containerOf(pod: KubeObject, asked: string | null): string {
  const spec = objectAt(pod, "spec");
  const named = (list: string): string[] => objectsAt(spec, list).map((container) => String(container.name));
  const containers = named("containers");
  const every = [...containers, ...named("initContainers"), ...named("ephemeralContainers")];
  if (asked) {
    if (!every.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
    return asked;
  }
  if (containers.length === 1) return containers[0]!;
  const init = named("initContainers");
  const choice = `choose one of: [${containers.join(" ")}]${init.length > 0 ? ` or one of the init containers: [${init.join(" ")}]` : ""}`;
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, ${choice}`);
}

export function proxyLogs(call: Call): Promise<void> {
  const { context, resource, info, query, response } = call;
  const pod = get(context, resource, info.namespace, info.name);
  const container = containerOf(pod, query.get("container"));
  const nodeName = stringAt(objectAt(pod, "spec"), "nodeName");
  // A pod that nobody runs has no logs yet: an empty answer, as the real server gives.
  if (!nodeName) {
    response.writeHead(200, { "content-type": "text/plain" }).end();
    return Promise.resolve();
  }
  const node = context.store.get("nodes", "", nodeName);
  const status = objectAt(node, "status");
  const address = stringAt(
    objectsAt(status, "addresses").find((one) => one.type === "InternalIP"),
    "address",
  );
  const port = objectAt(objectAt(status, "daemonEndpoints"), "kubeletEndpoint").Port;
  if (!address || typeof port !== "number")
    throw new ApiError(500, "InternalError", `Internal error occurred: node ${nodeName} announces no kubelet endpoint`);

  const search = new URLSearchParams();
  for (const name of passed) if (query.has(name)) search.set(name, query.get(name)!);
  const path = `/containerLogs/${encodeURIComponent(info.namespace)}/${encodeURIComponent(info.name)}/${encodeURIComponent(container)}?${search.toString()}`;
  return new Promise((resolve, reject) => {
    const { kubeletToken } = context;
    const headers = kubeletToken === undefined ? {} : { authorization: `Bearer ${kubeletToken}` };
    const upstream = httpRequest({ host: address, port, path, method: "GET", headers }, (answer) => {
      if (answer.statusCode !== 200) {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () =>
          reject(
            new ApiError(
              answer.statusCode ?? 500,
              answer.statusCode === 400 ? "BadRequest" : answer.statusCode === 404 ? "NotFound" : "InternalError",
              text.trim(),
            ),
          ),
        );
        return;
      }
      response.writeHead(200, { "content-type": "text/plain" });
      response.flushHeaders();
      answer.pipe(response);
      answer.on("end", resolve);
      answer.on("error", () => response.destroy());
    });
    upstream.on("error", (error) => {
      if (response.headersSent) response.destroy();
      else reject(new ApiError(500, "InternalError", `Get "http://${address}:${port}${path}": ${error.message}`));
    });
    response.on("close", () => {
      upstream.destroy();
      resolve();
    });
    upstream.end();
  });
}
