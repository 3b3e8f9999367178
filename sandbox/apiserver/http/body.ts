// Reads and decodes request bodies: JSON, or YAML where Kubernetes takes it.
// Invariant: a body that is no single document, too long, or would reach into prototypes is refused with 400 or 413.

import type { IncomingMessage } from "node:http";
import { parseDocument } from "yaml";
import { ApiError, badRequest, unsupportedMediaType } from "../errors/status.ts";
import type { Json } from "../json.ts";
import { definitionOf } from "../schema/schema.ts";
import { decodeProtobuf } from "../wire/protobuf.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import { parseMediaTypes } from "./negotiate.ts";

export const protobuf = "application/vnd.kubernetes.protobuf";

/** As the real server: 3 MiB. */
const longest = 3 * 1024 * 1024;

/** The body as it came; `latin1` keeps the bytes of one that is no text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // One that is too long is read to its end, or the client would never come to read the refusal.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= longest) chunks.push(chunk);
  }
  if (length > longest) throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${longest}`);
  return Buffer.concat(chunks).toString(mediaTypeOf(request) === protobuf ? "latin1" : "utf8");
}

export interface DecodedBody {
  value: Json;
  /** Paths of fields that stood twice. */
  duplicates: string[];
}

export function mediaTypeOf(request: IncomingMessage): string {
  return parseMediaTypes(request.headers["content-type"] ?? "application/json")[0]?.type ?? "application/json";
}

export function decodeBody(text: string, yaml: boolean): DecodedBody {
  // A parsed own member of this name would replace prototypes when it is copied.
  if (text.includes("__proto__")) throw badRequest('the field name "__proto__" is not accepted');
  if (yaml) {
    const document = parseDocument(text, { uniqueKeys: false, merge: true });
    if (document.errors.length > 0) throw badRequest(`error decoding YAML: ${document.errors[0]!.message.split("\n")[0]}`);
    return { value: document.toJS() as Json, duplicates: [] };
  }
  try {
    return { value: JSON.parse(text) as Json, duplicates: duplicateFields(text) };
  } catch (error) {
    throw badRequest(`error decoding JSON: ${(error as Error).message}`);
  }
}

const objectTypes = ["application/json", "application/yaml", protobuf];

/** The body of a create, replace or delete. Throws ApiError 415 for what is neither JSON, YAML nor protobuf. */
export function decodeObject(text: string, mediaType: string): DecodedBody {
  if (!objectTypes.includes(mediaType) && mediaType !== "*/*") throw unsupportedMediaType(objectTypes);
  if (mediaType === protobuf) return { value: decodeProtobuf(Buffer.from(text, "latin1"), definitionOf), duplicates: [] };
  return decodeBody(text, mediaType === "application/yaml");
}
