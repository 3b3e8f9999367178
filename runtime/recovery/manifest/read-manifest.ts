/** Reading the one mutable object, with the version that its next writer has to name. */
import { manifestName } from "../names.ts";
import type { Store, VersionedManifest } from "../types.ts";
import { parseManifest } from "./schema.ts";

/** undefined when the store has none yet. @throws WEIR_SNAPSHOT_DAMAGED, WEIR_DECODE, WEIR_STORE_FAILED */
export async function readManifest(store: Store): Promise<VersionedManifest | undefined> {
  const object = await store.get(manifestName);
  if (object === undefined) return undefined;
  return { manifest: parseManifest(object.bytes, `${store.url}/${manifestName}`), version: object.version };
}
