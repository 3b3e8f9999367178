/**
 * Deletes files that no retained snapshot names. Call it with a manifest that is committed: later ones name only what it names
 * and what is written later, so nothing deleted here can be missed. Left alone are
 *   - files of later executions: then this manifest is not the newest any more;
 *   - deltas of the owning execution that are newer than its newest snapshot: a snapshot in progress;
 *   - merged deltas and bases of the owning execution that are newer than the newest one in use: a wave in progress.
 * What a dead execution or an abandoned wave left behind is so removed in the end.
 */
import { type WeirError, asWeirError } from "../../errors/index.ts";
import { type FileName, type Position, comparePositions, parseName } from "../names.ts";
import type { Manifest, Store } from "../types.ts";

export interface Collected {
  readonly deleted: readonly string[];
  /** Why not all could be deleted; the next collection tries again. */
  readonly error?: WeirError;
}

/** Never rejects: garbage harms nobody, and it is found again. */
export async function collectGarbage(store: Store, manifest: Manifest): Promise<Collected> {
  let deleted: string[] = [];
  try {
    const names = [...(await store.list("delta/")), ...(await store.list("base/"))];
    const garbage = names.filter(isGarbage(manifest));
    if (garbage.length > 0) await store.delete(garbage);
    deleted = garbage;
    return { deleted };
  } catch (error) {
    return { deleted, error: asWeirError(error, "WEIR_STORE_FAILED", `${store.url}: collecting garbage`) };
  }
}

export function isGarbage(manifest: Manifest): (path: string) => boolean {
  const used = new Set(manifest.snapshots.flatMap((snapshot) => snapshot.files.map((file) => file.path)));
  const newest = manifest.snapshots.at(-1);
  let newestCompacted: Position | undefined;
  for (const file of newest?.files ?? []) {
    const name = parseName(file.path);
    if (name === undefined || name.kind === "delta") continue;
    if (newestCompacted === undefined || comparePositions(name, newestCompacted) > 0) newestCompacted = name;
  }
  return (path) => {
    const name = parseName(path);
    if (name === undefined || used.has(path) || name.execution > manifest.execution) return false;
    if (name.execution < manifest.execution) return true;
    return !isAfter(name, name.kind === "delta" ? newest : newestCompacted);
  };
}

function isAfter(name: FileName, position: Position | undefined): boolean {
  return position === undefined || comparePositions(name, position) > 0;
}
