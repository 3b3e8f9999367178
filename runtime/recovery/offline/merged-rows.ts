/** A whole snapshot, merged: each live key once. Works partition by partition, so that memory holds one partition at a time. */
import { loadSnapshot } from "../load/index.ts";
import { type SortedRows, sortRows } from "../sort-rows.ts";
import type { RowBatch, Snapshot, SnapshotFile, Store } from "../types.ts";
import type { FileSource } from "../files/index.ts";
import { fetchFile } from "../files/index.ts";

export interface MergeOptions {
  readonly steps?: ((step: string) => boolean) | undefined;
  /** Partitions that are merged together; default 16. */
  readonly atOnce?: number;
}

/** Positions of sources and sinks come with the first. */
export async function* mergedRows(
  store: Store,
  snapshot: Snapshot,
  partitions: number,
  options: MergeOptions = {},
): AsyncIterable<SortedRows> {
  const { atOnce = 16, steps } = options;
  const source = remembering(store);
  for (let first = 0; first < partitions; first += atOnce) {
    const batches: RowBatch[] = [];
    const wanted = {
      partitions: (partition: number) => partition >= first && partition < first + atOnce,
      parts: first === 0,
      steps,
      source,
    };
    for await (const batch of loadSnapshot(store, snapshot, wanted)) batches.push(batch);
    yield sortRows(batches, { keepRemoved: () => false });
  }
}

/** Deltas are read once for each round of partitions: kept compressed, they are fetched once. */
function remembering(store: Store): FileSource {
  const known = new Map<string, Promise<Uint8Array>>();
  const source = (file: SnapshotFile): Promise<Uint8Array> => {
    let bytes = known.get(file.path);
    if (bytes === undefined) known.set(file.path, (bytes = fetchFile(store, file)));
    return bytes;
  };
  return Object.assign(source, { lends: true });
}
