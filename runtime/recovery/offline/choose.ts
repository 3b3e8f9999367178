/** Picks the snapshot an offline tool works on. */
import { WeirError } from "../../errors/index.ts";
import { chooseSnapshot, readManifest } from "../manifest/index.ts";
import type { Snapshot, Store, VersionedManifest } from "../types.ts";

/**
 * @param epoch default the newest
 * @throws WEIR_SNAPSHOT_NOT_RETAINED when there is no such snapshot, or none at all
 */
export async function chooseFrom(
  store: Store,
  epoch: number | undefined,
): Promise<{ readonly found: VersionedManifest; readonly snapshot: Snapshot }> {
  const found = await readManifest(store);
  const snapshot = found === undefined ? undefined : chooseSnapshot(found.manifest, epoch);
  if (found === undefined || snapshot === undefined)
    throw new WeirError("WEIR_SNAPSHOT_NOT_RETAINED", `${store.url} has no snapshot`);
  return { found, snapshot };
}
