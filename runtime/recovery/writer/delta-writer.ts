/**
 * The writer's work itself, without threads: it gathers batches and turns what a snapshot covers into a delta. A large one goes to the
 * store in parts while rows still come, so that memory holds a few parts and not the state:
 *
 *   add … add │ part    add … add │ part    add … seal │ the rest        what is sealed are all three
 *
 * Invariants: a row is in exactly one file, and counts from the first seal whose epoch is not before the row's; rows of one key come in
 * the order of their epochs, and the later one is in the same file or in one that applies later.
 */
import { invariant } from "../../errors/index.ts";
import { type FileCache, roomFor, writeFile } from "../files/index.ts";
import { freeBytes } from "../free-bytes.ts";
import { deltaName, deltaPartName } from "../names.ts";
import { compareUtf8, sortRows } from "../sort-rows.ts";
import { createSpareBuffers } from "../spare-buffers.ts";
import type { RowBatch, SnapshotFile, Store } from "../types.ts";
import { createPendingRows } from "./pending-rows.ts";
import type { Sealed, WriterIdentity } from "./types.ts";

export interface DeltaWriter {
  /** Takes the batch over: its buffer must not be used any more. */
  add(batch: RowBatch): void;
  /** The rows are taken when this is called; rows added later belong to a later seal even when their epoch is covered. */
  seal(epoch: number): Promise<Sealed>;
}
export interface DeltaWriterOptions {
  /** Gets a copy of each file, so that this process need not fetch what it wrote. */
  readonly cache?: Promise<FileCache> | undefined;
  /** Told of bytes that were added and are durable now, or lost with the seal that covers them. */
  readonly onStored?: ((bytes: number) => void) | undefined;
  /** Packed rows of a part; default 24 MiB. */
  readonly partBytes?: number | undefined;
}

/** Buffers of up to 32 MiB are used again by the allocator; a part, its pages and its file have one each. */
const defaultPartBytes = 24 * 1024 * 1024;
/** While one is sorted, another is compressed or written. */
const partsAtOnce = 3;

interface Written {
  readonly file: SnapshotFile;
  readonly steps: readonly string[];
}

export function createDeltaWriter(store: Store, identity: WriterIdentity, options: DeltaWriterOptions = {}): DeltaWriter {
  const { onStored = () => undefined, partBytes = defaultPartBytes } = options;
  const { execution, process } = identity;
  const pending = createPendingRows();
  /** Written, or being written, and in no seal yet. */
  let parts: { readonly epoch: number; readonly written: Promise<Written> }[] = [];
  let numbered = 0;
  let last = -1;
  let writing = 0;
  const spare = createSpareBuffers(roomFor(partBytes * 1.1), partsAtOnce + 1);
  const waiting: (() => void)[] = [];

  async function write(name: string, epoch: number, batches: readonly RowBatch[], bytes: number): Promise<Written> {
    try {
      if (writing >= partsAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      else writing += 1;
      try {
        const rows = sortRows(batches, { upTo: epoch, spare });
        for (const batch of batches) freeBytes(batch.bytes);
        // Encoded by the time that a promise is there.
        const file = writeFile(store, name, rows, { ...identity, epoch }, { cache: options.cache, spare });
        rows.release();
        return { file: await file, steps: rows.steps };
      } finally {
        const next = waiting.shift();
        if (next === undefined) writing -= 1;
        else next();
      }
    } finally {
      onStored(bytes);
      spill();
    }
  }
  function spill(): void {
    while (pending.bytes >= partBytes && writing < partsAtOnce) {
      // No snapshot of an earlier epoch will cover any of these rows, and one of this epoch or a later one covers all.
      const epoch = Math.max(pending.lowest(partBytes), last + 1);
      const { batches, bytes } = pending.take(epoch, partBytes);
      const written = write(deltaPartName(execution, epoch, process, numbered), epoch, batches, bytes);
      // Its failure is that of the seal.
      written.catch(() => undefined);
      numbered += 1;
      parts.push({ epoch, written });
    }
  }
  return {
    add(batch) {
      if (batch.rows === 0) return;
      pending.add(batch);
      spill();
    },
    async seal(epoch) {
      invariant(epoch > last, `seal ${epoch} after ${last}`);
      last = epoch;
      const started = performance.now();
      const covered = parts.filter((part) => part.epoch <= epoch).map(({ written }) => written);
      parts = parts.filter((part) => part.epoch > epoch);
      for (let rest = pending.take(epoch, partBytes); rest.batches.length > 0;) {
        const next = pending.take(epoch, partBytes);
        const name =
          next.batches.length === 0 ? deltaName(execution, epoch, process) : deltaPartName(execution, epoch, process, numbered++);
        covered.push(write(name, epoch, rest.batches, rest.bytes));
        rest = next;
      }
      const files: SnapshotFile[] = [];
      const steps = new Set<string>();
      for (const written of await Promise.all(covered)) {
        files.push(written.file);
        for (const step of written.steps) steps.add(step);
      }
      if (writing === 0) spare.release();
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { files, steps: [...steps].toSorted(compareUtf8), bytes, durationMilliseconds: performance.now() - started };
    },
  };
}
