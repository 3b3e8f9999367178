/** What a store has, from its manifest alone. */
import { readManifest } from "../manifest/index.ts";
import type { Manifest, Store } from "../types.ts";

export interface SnapshotSummary {
  readonly epoch: number;
  readonly execution: number;
  /** RFC 3339. */
  readonly time: string;
  readonly files: number;
  /** Compressed. */
  readonly bytes: number;
  readonly steps: readonly string[];
}

/** Newest last; empty when the store has none. @throws as `readManifest` */
export async function listSnapshots(store: Store): Promise<SnapshotSummary[]> {
  const found = await readManifest(store);
  return found === undefined ? [] : summarize(found.manifest);
}

function summarize(manifest: Manifest): SnapshotSummary[] {
  return manifest.snapshots.map(({ epoch, execution, time, files, steps }) => ({
    epoch,
    execution,
    time,
    steps,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  }));
}
