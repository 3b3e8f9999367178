/**
 * The writer's work itself, without threads: it gathers batches and turns what a snapshot covers into one delta. Invariant: a
 * row is in exactly one delta, the first whose epoch is not before the row's.
 */
import { invariant } from "../../errors/index.ts";
import { type FileCache, writeFile } from "../files/index.ts";
import { deltaName } from "../names.ts";
import { sortRows } from "../sort-rows.ts";
import { splitAfter } from "../split-rows.ts";
import type { RowBatch, Store } from "../types.ts";
import type { Sealed, WriterIdentity } from "./types.ts";

export interface DeltaWriter {
  add(batch: RowBatch): void;
  /** The rows are taken when this is called; rows added later belong to a later seal even when their epoch is covered. */
  seal(epoch: number): Promise<Sealed>;
}
export interface DeltaWriterOptions {
  /** Gets a copy of each file, so that this process need not fetch what it wrote. */
  readonly cache?: Promise<FileCache> | undefined;
}

export function createDeltaWriter(store: Store, identity: WriterIdentity, options: DeltaWriterOptions = {}): DeltaWriter {
  let pending: RowBatch[] = [];
  let last = -1;
  return {
    add(batch) {
      if (batch.rows > 0) pending.push(batch);
    },
    async seal(epoch) {
      invariant(epoch > last, `seal ${epoch} after ${last}`);
      last = epoch;
      const started = performance.now();
      const batches = pending;
      pending = splitAfter(batches, epoch);
      const rows = sortRows(batches, { upTo: epoch });
      if (rows.count === 0) return { files: [], steps: [], bytes: 0, durationMilliseconds: performance.now() - started };
      const { execution, process } = identity;
      const { cache } = options;
      const file = await writeFile(store, deltaName(execution, epoch, process), rows, { ...identity, epoch }, { cache });
      return { files: [file], steps: rows.steps, bytes: file.bytes, durationMilliseconds: performance.now() - started };
    },
  };
}
