/**
 * One process's share of a wave: the rows of its partitions out of the deltas that the plan replaces, merged. A partition of
 * which enough has changed gets a new base, the rest of the rows go into one merged delta. Correct at any time: it reads
 * and writes immutable files only, and nothing counts before a manifest names it.
 */
import { type DecodedFile, type FileSource, openFile, writeFile } from "../files/index.ts";
import { baseName, mergedDeltaName } from "../names.ts";
import { type FileToRead, filesToRead, nameOf } from "../merge-files.ts";
import { rowKind } from "../rows.ts";
import { type SortedRows, sortRows } from "../sort-rows.ts";
import type { RowBatch, SnapshotFile, Store } from "../types.ts";
import type { WriterIdentity } from "../writer/index.ts";
import type { CompactionPlan } from "./plan-compaction.ts";

export interface CompactionShare {
  readonly identity: WriterIdentity;
  /** Partitions that this process owns. */
  readonly partitions: readonly number[];
  /** Whether it looks after the positions of sources and sinks; one process does. */
  readonly parts: boolean;
  readonly source?: FileSource | undefined;
  /** Rows of a partition, in bytes, before a base is written for it; default 64 KiB. */
  readonly baseFloorBytes?: number | undefined;
  /** Rows of a partition, as a share of its base (compressed about `compression` times), before that is rewritten; default 0.25. */
  readonly baseShare?: number | undefined;
}
export interface CompactionResult {
  /** Of the plan: a result that comes late must not be taken for a share of another wave. */
  readonly execution: number;
  readonly epoch: number;
  readonly files: readonly SnapshotFile[];
  /** Paths of bases that are void now: replaced, or their partition has become empty. */
  readonly replaced: readonly string[];
}

/** Packed rows to their compressed file, roughly: it only tunes when a base is rewritten. */
const compression = 4;

/** @throws WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED, WEIR_STORE_FAILED; what was written by then is garbage */
export async function compactPartitions(store: Store, plan: CompactionPlan, share: CompactionShare): Promise<CompactionResult> {
  const { identity, baseFloorBytes = 64 * 1024, baseShare = 0.25 } = share;
  const owned = new Set(share.partitions);
  const bases = new Map(plan.bases.map((file) => [nameOf(file).partition, file]));
  const meta = { ...identity, execution: plan.execution, epoch: plan.epoch };

  const deltas = await readDeltas(store, plan, share, owned);
  const files: SnapshotFile[] = [];
  const replaced: string[] = [];
  const carried: RowBatch[] = [];
  for (const [group, batches] of deltas) {
    const base = bases.get(group);
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
    if (!plan.whole || bytes < Math.max(baseFloorBytes, baseShare * compression * (base?.bytes ?? 0))) {
      carried.push(...batches);
      continue;
    }
    const below = base === undefined ? [] : await readBase(store, plan, share, base);
    // With everything that came before at hand a removal has nothing left to remove.
    const rows = withoutRemovals([...below, ...batches]);
    if (base !== undefined) replaced.push(base.path);
    if (rows.count > 0) files.push(await writeFile(store, baseName(group ?? "parts", plan.execution, plan.epoch), rows, meta));
  }
  if (carried.length > 0) {
    const hasBase = (partition: number): boolean => bases.has(partition);
    const rows = sortRows(carried, {
      keepRemoved: (partition) => !plan.whole || hasBase(partition),
    });
    if (rows.count > 0)
      files.push(await writeFile(store, mergedDeltaName(plan.execution, plan.epoch, identity.process), rows, meta));
  }
  return { execution: plan.execution, epoch: plan.epoch, files, replaced };
}

/** Batches by partition (undefined: positions), in the order in which they apply. */
async function readDeltas(
  store: Store,
  plan: CompactionPlan,
  share: CompactionShare,
  owned: ReadonlySet<number>,
): Promise<Map<number | undefined, RowBatch[]>> {
  const groups = new Map<number | undefined, RowBatch[]>();
  // The bases take part in deciding which rows count, and are not read here.
  const wanted = { partitions: (partition: number) => owned.has(partition), parts: share.parts };
  const toRead = filesToRead([...plan.bases, ...plan.replaces], plan.dropped, wanted).filter(
    ({ name }) => name.kind === "delta" || name.kind === "merged",
  );
  for (const entry of toRead) {
    await reading(store, share, entry, (file) => {
      for (const batch of file.rows(entry.name.epoch, entry.filter, { splitPartitions: true })) {
        const group =
          batch.bytes[0] === rowKind.part ? undefined : new DataView(batch.bytes.buffer, batch.bytes.byteOffset).getUint32(3, true);
        const batches = groups.get(group);
        if (batches === undefined) groups.set(group, [batch]);
        else batches.push(batch);
      }
    });
  }
  return groups;
}

async function readBase(store: Store, plan: CompactionPlan, share: CompactionShare, base: SnapshotFile): Promise<RowBatch[]> {
  const [entry] = filesToRead([base], plan.dropped, { partitions: () => true, parts: true });
  return await reading(store, share, entry as FileToRead, (file) => [
    ...file.rows((entry as FileToRead).name.epoch, (entry as FileToRead).filter),
  ]);
}

async function reading<T>(store: Store, share: CompactionShare, entry: FileToRead, use: (file: DecodedFile) => T): Promise<T> {
  const file = await openFile(store, entry.file, share.source);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

function withoutRemovals(batches: readonly RowBatch[]): SortedRows {
  return sortRows(batches, { keepRemoved: () => false });
}
