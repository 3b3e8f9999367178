/**
 * Reads a store URL at once, before anything is opened, so that a typing error is reported where it was made. What it keeps
 * of the URL for messages has no credentials in it; a URL that carries some is refused without being repeated.
 */
import { fileURLToPath } from "node:url";
import { carriesSecrets, type CloudLocation, cloudLocation, withoutSecrets } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";

export type StoreLocation =
  | { readonly scheme: "file"; readonly url: string; readonly directory: string }
  | CloudLocation
  | { readonly scheme: "memory"; readonly url: string; readonly name: string };

const forms = "file:///dir, s3://bucket/prefix or azure://container/prefix";

/** @throws WEIR_STORE_URL when the text is none of the forms. */
export function parseStoreUrl(text: string): StoreLocation {
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    throw refused(`a store is ${forms}, not ${JSON.stringify(withoutSecrets(text))}`);
  }
  if (carriesSecrets(parsed)) {
    throw refused(
      `the ${parsed.protocol} store URL must have no user, password, query or fragment; credentials come from the environment`,
    );
  }
  switch (parsed.protocol) {
    case "file:":
      return fileLocation(text, parsed);
    case "s3:":
    case "azure:":
      return cloudLocation(text, parsed, "store", refused);
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

function refused(message: string): WeirError {
  return new WeirError("WEIR_STORE_URL", message);
}
