/**
 * What a cloud's SDK throws, seen alike: the HTTP status, if there was an answer, and the service's own word for what is wrong.
 * Invariant: nothing of a request gets into a message, as it carries a signature or a token.
 */
import { type ErrorCode, asWeirError, isWeirError, WeirError } from "../errors/index.ts";

export interface Fault {
  /** undefined: there was no answer. */
  readonly status: number | undefined;
  /** "NoSuchKey" of S3, "BlobNotFound" of Azure, "ECONNRESET" of the system; empty when there is none. */
  readonly code: string;
}

interface Thrown {
  readonly name?: string;
  readonly code?: unknown;
  readonly statusCode?: number;
  readonly details?: { readonly errorCode?: string };
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function faultOf(error: unknown): Fault {
  const thrown = (error ?? {}) as Thrown;
  if (thrown.$metadata?.httpStatusCode !== undefined) return { status: thrown.$metadata.httpStatusCode, code: thrown.name ?? "" };
  const code = typeof thrown.code === "string" ? thrown.code : thrown.details?.errorCode;
  return { status: thrown.statusCode, code: code ?? "" };
}

/** The bucket or the container is there, and the object is not. */
export function isMissing(error: unknown): boolean {
  const { status, code } = faultOf(error);
  return status === 404 && code !== "NoSuchBucket" && code !== "ContainerNotFound";
}

/** An error of `code` that says `what` was done and what the service answered. */
export function explainFault(error: unknown, code: ErrorCode, what: string): WeirError {
  if (isWeirError(error)) return error;
  const fault = faultOf(error);
  if ((error as Thrown | null)?.$metadata?.httpStatusCode !== undefined) {
    const message = error instanceof Error && error.message !== fault.code ? ` ${error.message}` : "";
    return new WeirError(code, `${what}: ${fault.status} ${fault.code}${message}`, { cause: error });
  }
  // Azure's own message and details repeat the request, and so does the error as a cause.
  if (fault.status !== undefined) return new WeirError(code, `${what}: ${fault.status} ${fault.code}`.trimEnd());
  if (isAzure(error)) return new WeirError(code, `${what}: ${fault.code}`);
  return asWeirError(error, code, what);
}

function isAzure(error: unknown): boolean {
  return (error as Thrown | null)?.name === "RestError";
}
