/** All rows of a snapshot, written anew as bases of some number of partitions, into the same store or another. */
import { writeFile } from "../files/index.ts";
import { baseName, inOrder } from "../names.ts";
import { type RowPacker, createRowPacker, rowKind } from "../rows.ts";
import { sortRows } from "../sort-rows.ts";
import type { RowBatch, Snapshot, SnapshotFile, Store } from "../types.ts";
import type { PartitionOf } from "./get-value.ts";
import { mergedRows } from "./merged-rows.ts";

export interface BasesToWrite {
  readonly flow: string;
  readonly hash: string;
  /** Goes into the files' names: must be claimed and not have written anything of the snapshot's epoch. */
  readonly execution: number;
  readonly partitions: number;
  readonly partitionOf: PartitionOf;
}

/** @throws WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED, WEIR_STORE_FAILED; what was written by then is garbage */
export async function writeBases(
  from: { readonly store: Store; readonly snapshot: Snapshot; readonly partitions: number },
  into: Store,
  options: BasesToWrite,
): Promise<SnapshotFile[]> {
  const { flow, hash, execution, partitions, partitionOf } = options;
  const { epoch } = from.snapshot;
  const packers = new Map<number | "parts", RowPacker>();
  const packerOf = (partition: number | "parts"): RowPacker => {
    let packer = packers.get(partition);
    if (packer === undefined) packers.set(partition, (packer = createRowPacker()));
    return packer;
  };
  for await (const rows of mergedRows(from.store, from.snapshot, from.partitions)) {
    rows.forEach((kind, _old, step, bytes, value) => {
      const key = bytes.toString("utf8");
      if (kind === rowKind.part) {
        packerOf("parts").part(step, epoch, key, value as Uint8Array);
        return;
      }
      const partition = partitionOf(key, partitions);
      packerOf(partition).state(step, epoch, partition, key, value);
    });
  }
  const files: SnapshotFile[] = [];
  for (const [partition, packer] of packers) {
    const batch: RowBatch = packer.take();
    const name = baseName(partition, execution, epoch);
    files.push(await writeFile(into, name, sortRows([batch]), { flow, hash, partitions, execution, epoch }));
  }
  return inOrder(files);
}
