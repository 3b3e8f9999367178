// JSON Patch (RFC 6902). Invariant: works on a copy; either all operations are done or an error is thrown.

import { badRequest, ApiError } from "../errors/status.ts";
import { clone, deepEqual, isObject, type Json } from "../json.ts";

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

/** The real server says no more than this; `why` is for the reader of this code. */
function unprocessable(_why: string): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

function pointer(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) throw unprocessable(`invalid path ${JSON.stringify(path)}`);
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const missing = (op: string, path: string): ApiError =>
  unprocessable(`${op} operation does not apply: doc is missing path: "${path}": missing value`);

function indexOf(list: Json[], part: string, op: string, path: string, end: number): number {
  if (part === "-" && op === "add") return list.length;
  const index = /^(0|[1-9][0-9]*)$/.test(part) ? Number(part) : NaN;
  if (!(index < end)) throw unprocessable(`${op} operation does not apply: doc is missing path: "${path}": invalid index`);
  return index;
}

function parentOf(
  root: { doc: Json },
  parts: string[],
  op: string,
  path: string,
): [Json[] | Record<string, Json | undefined>, string] {
  let node: Json = root as unknown as Json;
  for (const part of ["doc", ...parts].slice(0, -1)) {
    const next: Json | undefined = Array.isArray(node)
      ? node[indexOf(node, part, op, path, node.length)]
      : isObject(node)
        ? node[part]
        : undefined;
    if (next === undefined || next === null || typeof next !== "object") throw missing(op, path);
    node = next;
  }
  return [node as Json[] | Record<string, Json | undefined>, ["doc", ...parts].at(-1)!];
}

function read(root: { doc: Json }, path: string, op: string): Json {
  const [parent, part] = parentOf(root, pointer(path), op, path);
  const value = Array.isArray(parent) ? parent[indexOf(parent, part, op, path, parent.length)] : parent[part];
  if (value === undefined) throw missing(op, path);
  return value;
}

function add(root: { doc: Json }, path: string, value: Json): void {
  const [parent, part] = parentOf(root, pointer(path), "add", path);
  if (Array.isArray(parent)) parent.splice(indexOf(parent, part, "add", path, parent.length + 1), 0, value);
  else parent[part] = value;
}

function remove(root: { doc: Json }, path: string): void {
  read(root, path, "remove");
  const [parent, part] = parentOf(root, pointer(path), "remove", path);
  if (Array.isArray(parent)) parent.splice(Number(part), 1);
  else delete parent[part];
}

/** Throws ApiError 400 for a patch that is none, 422 for one that does not fit the document. */
export function applyJsonPatch(document: Json, patch: unknown): Json {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (patch.length > 10_000)
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`,
    );
  const root = { doc: clone(document) };
  for (const operation of patch as Operation[]) {
    switch (operation?.op) {
      case "add":
        add(root, operation.path, clone(operation.value ?? null));
        break;
      case "remove":
        remove(root, operation.path);
        break;
      case "replace": {
        read(root, operation.path, "replace");
        const [parent, part] = parentOf(root, pointer(operation.path), "replace", operation.path);
        (parent as Record<string, Json>)[part] = clone(operation.value ?? null);
        break;
      }
      case "move": {
        const value = read(root, operation.from ?? "", "move");
        remove(root, operation.from ?? "");
        add(root, operation.path, value);
        break;
      }
      case "copy":
        add(root, operation.path, clone(read(root, operation.from ?? "", "copy")));
        break;
      case "test": {
        let value: Json;
        try {
          value = read(root, operation.path, "test");
        } catch (error) {
          if (operation.value === null || operation.value === undefined) break;
          throw error;
        }
        if (!deepEqual(value, operation.value ?? null)) throw unprocessable(`testing value ${operation.path} failed: test failed`);
        break;
      }
      default:
        throw unprocessable(`Unexpected kind: ${String(operation?.op)}`);
    }
  }
  return root.doc;
}
