/**
 * Loading a snapshot: its files in the order in which they apply, as batches. Rows come as they are in the files: a later row
 * of a key replaces an earlier one, a removed row removes it. Rows that a newer base or a dropped step makes void are left out.
 */
import { WeirError } from "../../errors/index.ts";
import { type FileSource, type RowFilter, openFile } from "../files/index.ts";
import { type FileName, type Position, comparePositions, droppedAt, inOrder, parseName } from "../names.ts";
import type { RowBatch, Snapshot, SnapshotFile, Store } from "../types.ts";

export interface LoadOptions {
  readonly partitions: (partition: number) => boolean;
  /** Whether positions of sources and sinks are wanted. */
  readonly parts: boolean;
  /** Steps whose rows are wanted; default all. */
  readonly steps?: ((step: string) => boolean) | undefined;
  /** Where files come from; default the store. */
  readonly source?: FileSource | undefined;
}

/** @throws WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED, WEIR_STORE_FAILED while iterating */
export async function* loadSnapshot(store: Store, snapshot: Snapshot, options: LoadOptions): AsyncIterable<RowBatch> {
  const files = plan(store, snapshot.files);
  const basePositions = new Map<number | undefined, Position>();
  for (const { name } of files) {
    if (name.kind !== "base" && name.kind !== "parts") continue;
    const known = basePositions.get(name.partition);
    if (known === undefined || comparePositions(name, known) > 0) basePositions.set(name.partition, name);
  }
  for (const { file, name } of files) {
    if (name.kind === "base" && !options.partitions(name.partition as number)) continue;
    if (name.kind === "parts" && !options.parts) continue;
    const current = (partition: number | undefined): boolean => {
      const base = basePositions.get(partition);
      if (base === undefined) return true;
      const difference = comparePositions(name, base);
      return name.kind === "delta" || name.kind === "merged" ? difference > 0 : difference === 0;
    };
    const filter: RowFilter = {
      partition: (partition) => options.partitions(partition) && current(partition),
      parts: options.parts && current(undefined),
      step(step) {
        const dropped = droppedAt(snapshot.dropped, step);
        if (dropped !== undefined && comparePositions(name, dropped) <= 0) return false;
        return options.steps?.(step) !== false;
      },
    };
    const opened = await openFile(store, file, options.source);
    try {
      yield* opened.rows(name.epoch, filter);
    } finally {
      opened.close();
    }
  }
}

function plan(store: Store, files: readonly SnapshotFile[]): { file: SnapshotFile; name: FileName }[] {
  return inOrder(files).map((file) => {
    const name = parseName(file.path);
    if (name === undefined)
      throw new WeirError(
        "WEIR_SNAPSHOT_DAMAGED",
        `${store.url}: the manifest names ${file.path}, which is no name of a snapshot file`,
      );
    return { file, name };
  });
}
