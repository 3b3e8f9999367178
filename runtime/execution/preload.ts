/**
 * What a process that stands by has read ahead: the rows of the partitions it would get, of the newest snapshot it was told of. A
 * commit adds deltas, so the rows of the next snapshot are those read before and the new deltas' after them; a compaction puts
 * other files in their place, and reading begins anew.
 *
 * Invariant: what is handed out are the rows of files that the wanted snapshot begins with, in its order.
 */
import { filesToRead } from "../recovery/index.ts";
import type { RowBatch, Snapshot } from "../recovery/types.ts";

/** Reads the rows of files of a snapshot that are not in `except`. */
export type ReadRows = (
  snapshot: Snapshot,
  partitions: readonly number[],
  except: ReadonlySet<string>,
  signal: AbortSignal,
) => AsyncIterable<RowBatch>;

export interface Preloaded {
  readonly batches: readonly RowBatch[];
  /** Paths of the files that they are from. */
  readonly files: ReadonlySet<string>;
}
export interface Preload {
  /** Reads ahead; the newest aim counts. Failures only cost what was to be saved. Resolves when nothing more is under way. */
  aim(snapshot: Snapshot, partitions: readonly number[]): Promise<void>;
  /** What there is for this load, once what is under way is there; nothing is kept afterwards. */
  take(snapshot: Snapshot, partitions: readonly number[]): Promise<Preloaded | undefined>;
  close(): void;
}

interface Held {
  readonly partitions: string;
  readonly dropped: string;
  /** In the order in which they apply. */
  files: string[];
  batches: RowBatch[];
  bytes: number;
}

/** @param maxBytes rows beyond this are not held */
export function createPreload(read: ReadRows, maxBytes: number): Preload {
  let held: Held | undefined;
  let under: Promise<void> = Promise.resolve();
  let next: { readonly snapshot: Snapshot; readonly partitions: readonly number[] } | undefined;
  let active = false;
  let ending = new AbortController();

  const work = async (signal: AbortSignal): Promise<void> => {
    while (next !== undefined && !signal.aborted) {
      const { snapshot, partitions } = next;
      next = undefined;
      const files = pathsOf(snapshot, partitions);
      const fits = held !== undefined && continues(held, snapshot, partitions, files);
      const into: Held = fits ? held! : { ...keyOf(snapshot, partitions), files: [], batches: [], bytes: 0 };
      // Half of a file is nothing to go on from: until all is there, nothing is held.
      held = undefined;
      try {
        for await (const batch of read(snapshot, partitions, new Set(into.files), signal)) {
          into.batches.push(batch);
          into.bytes += batch.bytes.byteLength;
          if (signal.aborted || into.bytes > maxBytes) return;
        }
        into.files = files;
        held = into;
      } catch {
        // Garbage by now, or a store that fails: the load will say so if it meets the same.
      }
    }
  };

  return {
    aim(snapshot, partitions) {
      next = { snapshot, partitions };
      if (!active) {
        active = true;
        under = work(ending.signal).finally(() => (active = false));
      }
      return under;
    },
    async take(snapshot, partitions) {
      next = undefined;
      await under;
      const found = held;
      held = undefined;
      const fits = found !== undefined && continues(found, snapshot, partitions, pathsOf(snapshot, partitions));
      return fits ? { batches: found.batches, files: new Set(found.files) } : undefined;
    },
    close() {
      ending.abort();
      ending = new AbortController();
      next = held = undefined;
    },
  };
}

const keyOf = (snapshot: Snapshot, partitions: readonly number[]) => ({
  partitions: partitions.toSorted((a, b) => a - b).join(),
  dropped: JSON.stringify(snapshot.dropped ?? []),
});

function pathsOf(snapshot: Snapshot, partitions: readonly number[]): string[] {
  const owned = new Set(partitions);
  const wanted = { partitions: (partition: number) => owned.has(partition), parts: true };
  return filesToRead(snapshot.files, snapshot.dropped, wanted).map(({ file }) => file.path);
}

function continues(held: Held, snapshot: Snapshot, partitions: readonly number[], files: readonly string[]): boolean {
  const key = keyOf(snapshot, partitions);
  return (
    key.partitions === held.partitions && key.dropped === held.dropped && held.files.every((path, index) => files[index] === path)
  );
}
