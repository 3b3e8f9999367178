// What a path asks for: group, version, namespace, resource, name, subresource (apiserver's RequestInfo).
// Invariant: a path that is no resource request gives undefined and is looked up among the fixed paths.

export interface ResourceRequest {
  group: string;
  version: string;
  namespace: string;
  plural: string;
  name: string;
  subresource: string;
  /** What follows the subresource, for proxies. */
  rest: string;
}

export function parseResourcePath(path: string): ResourceRequest | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  let group = "";
  let at: number;
  if (parts[0] === "api") at = 1;
  else if (parts[0] === "apis") {
    group = parts[1] ?? "";
    at = 2;
  } else return undefined;
  const version = parts[at];
  if (version === undefined || parts.length <= at + 1) return undefined;
  let rest = parts.slice(at + 1);
  let namespace = "";
  // /namespaces/x is the namespace itself, /namespaces/x/status its status, all else lies in it.
  if (rest[0] === "namespaces" && rest.length > 2 && !(["status", "finalize"].includes(rest[2]!) && rest.length === 3)) {
    namespace = rest[1]!;
    rest = rest.slice(2);
  }
  const [plural, name = "", subresource = "", ...more] = rest;
  return { group, version, namespace, plural: plural!, name, subresource, rest: more.join("/") };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
