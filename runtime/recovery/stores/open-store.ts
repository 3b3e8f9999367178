/** From a URL to a store. A wrong URL is refused here; the clouds' clients are loaded at the first use of such a store. */
import type { Store, StoreAddress } from "../types.ts";
import { createAzureStore } from "./azure-store.ts";
import { createFileStore } from "./file-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createS3Store } from "./s3-store.ts";
import { parseStoreUrl } from "./store-url.ts";

/** What `memory://name` names: shared by all who open it in this thread, gone with it. */
const memories = new Map<string, Map<string, Uint8Array>>();

/**
 * @param url file:///dir, s3://bucket/prefix, azure://container/prefix, or memory://name within one thread (tests)
 * @throws WEIR_STORE_URL at once when the URL is none of these
 */
export function openStore(url: string, options: Omit<StoreAddress, "url"> = {}): Store {
  const location = parseStoreUrl(url);
  switch (location.scheme) {
    case "file":
      return createFileStore(location.url, location.directory, options);
    case "s3":
      return createS3Store(location.url, location.container, location.prefix, options);
    case "azure":
      return createAzureStore(location.url, location.container, location.prefix, options);
    case "memory": {
      let objects = memories.get(location.name);
      if (objects === undefined) memories.set(location.name, (objects = new Map()));
      return createMemoryStore({ url }, objects);
    }
  }
}
