/**
 * Reads a store URL at once, before anything is opened, so that a typing error is reported where it was made. What it keeps
 * of the URL for messages has no credentials in it; a URL that carries some is refused without being repeated.
 */
import { fileURLToPath } from "node:url";
import { WeirError } from "../../errors/index.ts";

export type StoreLocation =
  | { readonly scheme: "file"; readonly url: string; readonly directory: string }
  | { readonly scheme: "s3" | "azure"; readonly url: string; readonly container: string; readonly prefix: string }
  | { readonly scheme: "memory"; readonly url: string; readonly name: string };

const forms = "file:///dir, s3://bucket/prefix or azure://container/prefix";
/** What all of S3 and Azure accept as the name of a bucket or container. */
const containerPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/;

/** @throws WEIR_STORE_URL when the text is none of the forms. */
export function parseStoreUrl(text: string): StoreLocation {
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    throw refused(`a store is ${forms}, not ${JSON.stringify(withoutSecrets(text))}`);
  }
  if (parsed.username !== "" || parsed.password !== "" || parsed.search !== "" || parsed.hash !== "") {
    throw refused(
      `the ${parsed.protocol} store URL must have no user, password, query or fragment; credentials come from the environment`,
    );
  }
  switch (parsed.protocol) {
    case "file:":
      return fileLocation(text, parsed);
    case "s3:":
    case "azure:":
      return bucketLocation(parsed.protocol === "s3:" ? "s3" : "azure", text, parsed);
    case "memory:":
      return { scheme: "memory", url: text, name: parsed.host + parsed.pathname };
    default:
      throw refused(
        `unknown store scheme ${JSON.stringify(parsed.protocol)} in ${JSON.stringify(withoutSecrets(text))}; a store is ${forms}`,
      );
  }
}

function fileLocation(text: string, parsed: URL): StoreLocation {
  if (!/^file:\/\//i.test(text) || parsed.host !== "" || parsed.pathname === "/") {
    throw refused(`a file store is file:///dir with an absolute path to a directory, not ${JSON.stringify(text)}`);
  }
  let directory: string;
  try {
    directory = fileURLToPath(parsed);
  } catch {
    throw refused(`the path in ${JSON.stringify(text)} cannot be read`);
  }
  directory = directory.replace(/(?<=.)[/\\]+$/, "");
  return { scheme: "file", url: parsed.href.replace(/\/+$/, ""), directory };
}

function bucketLocation(scheme: "s3" | "azure", text: string, parsed: URL): StoreLocation {
  const container = parsed.host;
  if (!containerPattern.test(container)) {
    const noun = scheme === "s3" ? "bucket" : "container";
    throw refused(`${JSON.stringify(text)} names no ${noun}; an ${scheme} store is ${scheme}://${noun}/prefix`);
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

function refused(message: string): WeirError {
  return new WeirError("WEIR_STORE_URL", message);
}
function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//").replace(/[?#].*$/s, "");
}
