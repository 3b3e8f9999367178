/** Headers and credentials of a request, and its address as messages may show it: without user, password and query, which may be secret. */
import { WeirError } from "../../errors/index.ts";
import type { Awaitable } from "../../flow/source.ts";

/** A token, or a function that gives a fresh one for each connection. */
export type Bearer = string | (() => Awaitable<string>);

/** Throws WEIR_FLOW_OPTION; never shows a value. */
export function checkHeaders(of: string, headers: unknown, bearer: unknown): void {
  const plain = typeof headers === "object" && headers !== null && !Array.isArray(headers);
  if (headers !== undefined && !(plain && Object.values(headers).every((value) => typeof value === "string")))
    throw new WeirError("WEIR_FLOW_OPTION", `${of}: headers must be an object of texts`);
  if (bearer !== undefined && typeof bearer !== "function" && (typeof bearer !== "string" || bearer === ""))
    throw new WeirError("WEIR_FLOW_OPTION", `${of}: bearer must be a text that is not empty, or a function that gives one`);
}

export async function headersFor(
  headers: Readonly<Record<string, string>> | undefined,
  bearer: Bearer | undefined,
): Promise<Record<string, string>> {
  const token = typeof bearer === "function" ? await bearer() : bearer;
  return { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
}

export function placeOf(url: string | URL): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "its address";
  }
}
