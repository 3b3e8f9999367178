// Every refusal of this server as a metav1.Status, in the words the real API server uses.
// Invariant: a thrown ApiError carries all that is sent: code, reason, message and details.

import type { JsonObject } from "../json.ts";

export interface GroupResource {
  group: string;
  resource: string;
}

export interface Cause extends JsonObject {
  reason: string;
  message: string;
  field: string;
}

export interface StatusBody extends JsonObject {
  kind: "Status";
  apiVersion: "v1";
  metadata: JsonObject;
  status: "Failure" | "Success";
  message?: string;
  reason?: string;
  details?: JsonObject;
  code?: number;
}

export class ApiError extends Error {
  readonly body: StatusBody;
  readonly headers: Record<string, string>;

  constructor(code: number, reason: string, message: string, details?: JsonObject, headers: Record<string, string> = {}) {
    super(message);
    this.name = "ApiError";
    this.headers = headers;
    this.body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
    if (details) this.body.details = details;
  }

  get code(): number {
    return this.body.code ?? 500;
  }
}

export function groupResourceText(of: GroupResource): string {
  return of.group === "" ? of.resource : `${of.resource}.${of.group}`;
}

function detailsOf(of: GroupResource, name: string, more: JsonObject = {}): JsonObject {
  return { ...(name === "" ? {} : { name }), ...(of.group === "" ? {} : { group: of.group }), kind: of.resource, ...more };
}

export function notFound(of: GroupResource, name: string): ApiError {
  return new ApiError(404, "NotFound", `${groupResourceText(of)} "${name}" not found`, detailsOf(of, name));
}

export function alreadyExists(of: GroupResource, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${groupResourceText(of)} "${name}" already exists`, detailsOf(of, name));
}

export function conflict(of: GroupResource, name: string, why?: string): ApiError {
  const cause = why ?? "the object has been modified; please apply your changes to the latest version and try again";
  return new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${groupResourceText(of)} "${name}": ${cause}`,
    detailsOf(of, name),
  );
}

export function forbidden(of: GroupResource, name: string, why: string, causes?: JsonObject[]): ApiError {
  const details = detailsOf(of, name, causes ? { causes } : {});
  return new ApiError(403, "Forbidden", `${groupResourceText(of)} "${name}" is forbidden: ${why}`, details);
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** An error without a reason, as the real server gives where nobody thought of one. */
export function plainError(code: number, message: string): ApiError {
  const error = new ApiError(code, "", message);
  delete error.body.reason;
  return error;
}

/** The path exists, but not what it names below a resource. */
export function noSuchPath(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

/** Refused options of a request: `kind` is CreateOptions, PatchOptions and the like. */
export function invalidOptions(kind: string, causes: Cause[]): ApiError {
  return invalid("meta.k8s.io", kind, "", causes);
}

export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

export function methodNotSupported(of: GroupResource, action: string): ApiError {
  return new ApiError(
    405,
    "MethodNotAllowed",
    `${action} is not supported on resources of kind "${groupResourceText(of)}"`,
    detailsOf(of, ""),
  );
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

export function notAcceptable(accepted: string[]): ApiError {
  return new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);
}

export function unsupportedMediaType(accepted: string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

/** What a watcher or a paging lister gets whose place in history is gone. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function tooManyRequests(seconds: number): ApiError {
  const message = "the server has received too many requests and has asked us to try again later";
  return new ApiError(429, "TooManyRequests", message, { retryAfterSeconds: seconds }, { "Retry-After": String(seconds) });
}

export function internalError(why: string): ApiError {
  const causes = [{ message: why }];
  return new ApiError(500, "InternalError", `Internal error occurred: ${why}`, { causes });
}

export function serviceUnavailable(message: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", message);
}

/** For what a Kubernetes does and this one does not: said, never left out in silence. */
export function notImplemented(what: string): ApiError {
  return new ApiError(501, "NotImplemented", `${what} is not implemented by this server`);
}

export function invalid(group: string, kind: string, name: string, causes: Cause[]): ApiError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const unique = [...new Set(texts)];
  const list = unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`;
  const groupKind = group === "" ? kind : `${kind}.${group}`;
  const details: JsonObject = { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind, causes };
  return new ApiError(422, "Invalid", `${groupKind} "${name}" is invalid: ${list}`, details);
}

/** The answer to a successful deletion or the like. */
export function success(details?: JsonObject): StatusBody {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", ...(details ? { details } : {}) };
}
