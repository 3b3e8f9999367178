// Paths that are not resources: discovery, OpenAPI, version, health.

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError, methodNotAllowed, notAcceptable } from "../errors/status.ts";
import type { Context } from "../registry/context.ts";
import { openApiIndex, openApiV2, openApiV3 } from "../schema/openapi.ts";
import { aggregated, aggregatedType, apiGroup, apiVersions, groupList, resourceList } from "./discovery.ts";
import { parseMediaTypes } from "./negotiate.ts";
import { sendBody } from "./respond.ts";

export interface FixedCall {
  context: Context;
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: URLSearchParams;
  url: string;
}

export const version = {
  major: "1",
  minor: "35",
  gitVersion: "v1.35.0+sandbox",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
};

const roots = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];

function wantsAggregated(request: IncomingMessage): boolean {
  for (const { type, parameters } of parseMediaTypes(request.headers.accept)) {
    if (parameters.as === "APIGroupDiscoveryList") {
      if (type === "application/json" && parameters.g === "apidiscovery.k8s.io" && parameters.v === "v2") return true;
    } else if (type === "application/json" || type === "*/*") return false;
  }
  return false;
}

function sendDocument(call: FixedCall, body: object, type?: string): void {
  const text = JSON.stringify(body);
  const tag = `"${createHash("sha256").update(text).digest("hex").toUpperCase()}"`;
  const headers = { etag: tag, vary: "Accept", ...(type ? { "content-type": type } : {}) };
  if (call.request.headers["if-none-match"] === tag) {
    call.response.writeHead(304, headers).end();
    return;
  }
  call.response.writeHead(200, { "content-type": "application/json", ...headers }).end(text);
}

export function fixedPath(call: FixedCall): void {
  const { context, request, response, path } = call;
  const { catalogue } = context;
  const parts = path.split("/").filter((part) => part !== "");
  if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
  switch (parts[0]) {
    case undefined:
      return sendBody(response, 200, { paths: roots });
    case "version":
      return sendBody(response, 200, version);
    case "healthz":
    case "livez":
    case "readyz":
      response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("ok");
      return;
    case "api":
      if (parts.length === 1) {
        return wantsAggregated(request)
          ? sendDocument(call, aggregated(catalogue, true), aggregatedType)
          : sendDocument(call, apiVersions(call.url));
      }
      break;
    case "apis":
      if (parts.length === 1) {
        return wantsAggregated(request)
          ? sendDocument(call, aggregated(catalogue, false), aggregatedType)
          : sendDocument(call, groupList(catalogue));
      }
      break;
    case "openapi":
      return openApi(call, parts.slice(1));
    default:
  }
  const found =
    parts[0] === "api" && parts.length === 2
      ? resourceList(catalogue, "", parts[1]!)
      : parts[0] === "apis" && parts.length === 2
        ? apiGroup(catalogue, parts[1]!)
        : parts[0] === "apis" && parts.length === 3
          ? resourceList(catalogue, parts[1]!, parts[2]!)
          : undefined;
  if (found) return sendDocument(call, found);
  if (parts[0] === "apis" || parts[0] === "api") {
    response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("404 page not found\n");
    return;
  }
  throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

function openApi(call: FixedCall, parts: string[]): void {
  const { catalogue } = call.context;
  const json = parseMediaTypes(call.request.headers.accept).some(({ type }) =>
    ["application/json", "application/*", "*/*"].includes(type),
  );
  // The protobuf forms are not made here; clients that want only those are told what there is.
  if (!json) throw notAcceptable(["application/json"]);
  if (parts[0] === "v2" && parts.length === 1) return sendDocument(call, openApiV2(catalogue));
  if (parts[0] === "v3" && parts.length === 1) return sendDocument(call, openApiIndex(catalogue));
  const document = parts[0] === "v3" ? openApiV3(catalogue, parts.slice(1).join("/")) : undefined;
  if (document) return sendDocument(call, document);
  throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}
