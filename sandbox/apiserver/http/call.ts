// One request on a resource, and what is common to answering it.

import type { IncomingMessage, ServerResponse } from "node:http";
import { notSupported, tooLong } from "../errors/field-error.ts";
import { invalidOptions } from "../errors/status.ts";
import type { KubeObject } from "../json.ts";
import type { Context, FieldValidation, WriteOptions } from "../registry/context.ts";
import type { ObjectList } from "../registry/read.ts";
import type { Resource } from "../resources/resource.ts";
import { representationFor, type Representation } from "./negotiate.ts";
import type { ResourceRequest } from "./request-info.ts";
import { sendBody, shape, warningHeaders } from "./respond.ts";

export interface Call {
  context: Context;
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  info: ResourceRequest;
  resource: Resource;
}

const optionKinds: Record<string, string> = { POST: "CreateOptions", PUT: "UpdateOptions", PATCH: "PatchOptions" };
const validations: string[] = ["Strict", "Warn", "Ignore"];

/** The manager of a write: what the client says, else the first part of its user agent. */
export function writeOptions({ request, query }: Pick<Call, "request" | "query">): WriteOptions {
  const kind = optionKinds[request.method ?? ""] ?? "UpdateOptions";
  const validation = query.get("fieldValidation") || "Warn";
  if (!validations.includes(validation)) {
    throw invalidOptions(kind, [notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"])]);
  }
  const dryRun = query.getAll("dryRun").filter((one) => one !== "");
  if (dryRun.some((one) => one !== "All")) throw invalidOptions(kind, [notSupported("dryRun", dryRun, ["All"])]);
  const agent = (request.headers["user-agent"] ?? "").split("/")[0]!;
  const manager = query.get("fieldManager") || (agent === "" ? "unknown" : agent);
  if (manager.length > 128) throw invalidOptions(kind, [tooLong("fieldManager", 128)]);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager,
    fieldValidation: validation as FieldValidation,
    force: query.get("force") === "true",
    warnings: [],
  };
}

export function answer(
  call: Call,
  code: number,
  value: KubeObject | ObjectList,
  representation: Representation,
  warnings: string[] = [],
): void {
  const { context, resource, query } = call;
  const body = shape(value, { representation, resource, query, now: context.now() });
  const all = resource.deprecated ? [...warnings, resource.deprecated] : warnings;
  sendBody(call.response, code, body, representation, warningHeaders(all));
}

export const wanted = (call: Call): Representation =>
  representationFor(call.request.headers.accept, call.query.get("pretty") === "true" || call.query.get("pretty") === "1");
