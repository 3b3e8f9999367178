// The HTTP side: who may ask, what kind of path it is, and every error turned into a Status.
// Invariant: every request gets an answer; an error of ours is a 500 with its message, and is reported to `onError`.

import type { IncomingMessage, ServerResponse } from "node:http";
import { timingSafeEqual } from "node:crypto";
import { ApiError, badRequest, internalError, methodNotAllowed, noSuchPath, unauthorized } from "../errors/status.ts";
import type { FaultGate, FaultRule } from "../faults.ts";
import type { JsonObject } from "../json.ts";
import type { Context } from "../registry/context.ts";
import { decodeBody, readBody } from "./body.ts";
import { fixedPath } from "./fixed-paths.ts";
import { parseResourcePath, type ResourceRequest } from "./request-info.ts";
import type { Call } from "./call.ts";
import { handleResource } from "./resource-handler.ts";
import { sendBody, sendError } from "./respond.ts";
import { handleReview } from "./reviews.ts";
import { handleWatch } from "./watch-handler.ts";

export interface ListenerOptions {
  context: Context;
  token: string;
  faults: FaultGate;
  url: () => string;
  onError: (error: unknown) => void;
}

const open = new Set(["/healthz", "/livez", "/readyz", "/version"]);

function authorised(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? "");
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function verbOf(request: IncomingMessage, info: ResourceRequest, query: URLSearchParams): string {
  const collection = info.name === "";
  switch (request.method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return collection ? "deletecollection" : "delete";
    default:
      if (["true", "1"].includes(query.get("watch") ?? "")) return "watch";
      return collection ? "list" : "get";
  }
}

export function createListener(options: ListenerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { context, faults } = options;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "https://localhost");
    const path = url.pathname;
    if (!authorised(request, options.token) && !open.has(path.split("/").slice(0, 2).join("/"))) throw unauthorized();
    if (path === "/sandbox/faults") return administer(request, response);
    let info = parseResourcePath(path);
    const query = url.searchParams;
    if (info?.plural === "watch" && info.name !== "")
      throw new ApiError(404, "NotFound", "deprecated watch paths are not served: use ?watch=true", {});
    if (!info) return fixedPath({ context, request, response, path, query, url: options.url() });
    const review = await handleReview(info, request, response);
    if (review) return;
    const resource = context.catalogue.find(info.group, info.version, info.plural);
    if (!resource) {
      if (request.method === "GET" && path.split("/").length <= 4)
        return fixedPath({ context, request, response, path, query, url: options.url() });
      if (context.catalogue.all().some((one) => one.group === info!.group && one.version === info!.version)) throw noSuchPath();
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("404 page not found\n");
      return;
    }
    info = { ...info };
    const verb = verbOf(request, info, query);
    if ((await faults.pass(verb, info)) === "drop") {
      response.destroy();
      return;
    }
    const call: Call = { context, request, response, query, info, resource };
    if (verb === "watch" && info.subresource === "") handleWatch(call, faults);
    else await handleResource(call);
  }

  async function administer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "DELETE") faults.clear();
    else if (request.method === "POST") {
      const body = decodeBody(await readBody(request), false).value as JsonObject;
      const kind = body?.kind;
      if (kind === "cut-watches") return sendBody(response, 200, { cut: faults.cutWatches({ expire: body.expire === true }) });
      if (kind === "compact") faults.compact();
      else if (typeof kind === "string") faults.add(body as unknown as FaultRule);
      else throw badRequest("a fault needs a kind");
    } else if (request.method !== "GET") throw methodNotAllowed();
    sendBody(response, 200, { faults: faults.active() });
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof ApiError)) options.onError(error);
      const status = error instanceof ApiError ? error : internalError(error instanceof Error ? error.message : String(error));
      if (response.headersSent) response.destroy();
      else sendError(response, status);
      // What is left of a refused body must not be taken for the next request.
      if (!request.readableEnded) request.resume();
    });
  };
}
