/** Where something is in a cloud, and what it takes to get there. */
import type { WeirError } from "../errors/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CloudOptions {
  /** For services that speak like S3 or Azure Blob, and emulated ones. */
  readonly endpoint?: string | undefined;
  /** Where credentials are looked for; default `process.env`. */
  readonly env?: Environment | undefined;
}

export interface CloudLocation {
  readonly scheme: "s3" | "azure";
  /** Without a slash at the end. */
  readonly url: string;
  readonly container: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
}

/** What all of S3 and Azure accept as the name of a bucket or container. */
const containerPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/;

/**
 * Reads `parsed`, whose protocol is s3: or azure: and which carries no credentials.
 * @param noun what it is the URL of, for messages: "store"
 * @throws what `refused` makes of the reason
 */
export function cloudLocation(text: string, parsed: URL, noun: string, refused: (message: string) => WeirError): CloudLocation {
  const scheme = parsed.protocol === "s3:" ? "s3" : "azure";
  const container = parsed.host;
  if (!containerPattern.test(container)) {
    const kind = scheme === "s3" ? "bucket" : "container";
    throw refused(`${JSON.stringify(text)} names no ${kind}; an ${scheme} ${noun} is ${scheme}://${kind}/prefix`);
  }
  let prefix: string;
  try {
    prefix = decodeURIComponent(parsed.pathname).replace(/^\/+|\/+$/g, "");
  } catch {
    throw refused(`the path in ${JSON.stringify(text)} cannot be read`);
  }
  if (prefix.split("/").some((part) => part === "." || part === ".."))
    throw refused(`the path in ${JSON.stringify(text)} must not contain "..".`);
  return { scheme, container, prefix, url: `${scheme}://${container}${prefix === "" ? "" : `/${prefix}`}` };
}

/** Whether the URL carries what must come from the environment. */
export function carriesSecrets(parsed: URL): boolean {
  return parsed.username !== "" || parsed.password !== "" || parsed.search !== "" || parsed.hash !== "";
}
/** For messages about text that is no URL at all. */
export function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//").replace(/[?#].*$/s, "");
}
