/**
 * A process's way to the files of snapshots: writing deltas, loading, compacting and fetching ahead. What is big happens in a
 * thread of its own, beside the workers; what is small is done before a thread would have started. All of them share one
 * directory of copies, if there is one, so that nobody downloads what this process wrote or has read before.
 */
import { partitionOf } from "../flow/index.ts";
import {
  type CompactionPlan,
  type CompactionResult,
  type FileCache,
  type SnapshotWriter,
  compactInThread,
  compactPartitions,
  createDeltaWriter,
  createSnapshotWriter,
  type DeltaWriter,
  filesToRead,
  loadSnapshot,
  loadSnapshotInThread,
  openFileCache,
} from "../recovery/index.ts";
import { createLateWriter } from "./late-writer.ts";
import { createPreload } from "./preload.ts";
import type { RowBatch, Snapshot, SnapshotFile, Store, StoreAddress } from "../recovery/types.ts";

export interface SnapshotFilesOptions {
  readonly store: Store;
  /** What a thread needs to open the same store; left out: everything happens in this thread, in order (simulation, memory stores). */
  readonly address?: StoreAddress | undefined;
  readonly flow: string;
  readonly hash: string;
  readonly process: number;
  /** Left out: no copies. */
  readonly cacheDirectory?: string | undefined;
}

export interface SnapshotFiles {
  /** A writer for the deltas of one execution. */
  writer(execution: number, partitions: number): SnapshotWriter;
  /** Rows of these partitions, and, if `parts`, the positions of all sources and sinks. */
  load(snapshot: Snapshot, partitions: readonly number[], parts: boolean): AsyncIterable<RowBatch>;
  /** This process's share of a compaction wave. Rejects when the signal is aborted, or soon after. */
  compact(plan: CompactionPlan, owned: readonly number[], count: number, signal: AbortSignal): Promise<CompactionResult>;
  /**
   * Reads what `load` would, in the background; what is too much to hold is fetched, if there is a place for copies. A newer call counts.
   * No partitions: what was read is forgotten. Resolves when nothing more is under way, whatever came of it.
   * @param beside a flow runs in this thread, which must not wait for the reading
   */
  preload(snapshot: Snapshot, partitions: readonly number[], beside: boolean): Promise<void>;
  close(): void;
}

/**
 * Compressed bytes below which a thread takes longer to start than the work: starting one costs about 0.2 s of a core, and at a
 * rescale all processes load at once while nothing else runs.
 */
const worthThread = 4 * 1024 * 1024;
/** The same where a flow runs in this thread: a few milliseconds of it. */
const worthThreadBeside = 128 * 1024;
/** Rows that a process which stands by holds ready, in bytes as packed, and the compressed files that it tries to hold. */
const preloadBytes = 512 * 1024 * 1024;
const preloadFileBytes = preloadBytes / 4;

export function openSnapshotFiles(options: SnapshotFilesOptions): SnapshotFiles {
  const { store, address, flow, hash, process, cacheDirectory } = options;
  let cache: Promise<FileCache> | undefined;
  const cached = (): Promise<FileCache> | undefined => {
    if (cacheDirectory !== undefined) cache ??= openFileCache(cacheDirectory);
    return cache;
  };
  let fetching: AbortController | undefined;
  const big = (files: readonly SnapshotFile[], least = worthThread): boolean =>
    files.reduce((sum, file) => sum + file.bytes, 0) >= least;
  const toRead = (snapshot: Snapshot, partitions: readonly number[], parts = true): SnapshotFile[] => {
    const owned = new Set(partitions);
    const wanted = { partitions: (partition: number) => owned.has(partition), parts };
    return filesToRead(snapshot.files, snapshot.dropped, wanted).map(({ file }) => file);
  };
  async function* rowsOf(
    snapshot: Snapshot,
    partitions: readonly number[],
    parts: boolean,
    except: ReadonlySet<string>,
    worth = worthThread,
  ): AsyncIterable<RowBatch> {
    const left = toRead(snapshot, partitions, parts).filter(({ path }) => !except.has(path));
    // Positions alone are few, however large the files are that they stand in.
    if (address !== undefined && partitions.length > 0 && big(left, worth)) {
      yield* loadSnapshotInThread(address, snapshot, { partitions, parts, cacheDirectory, except: [...except] });
      return;
    }
    const owned = new Set(partitions);
    const source = (await cached())?.source(store);
    yield* loadSnapshot(store, snapshot, { partitions: (partition) => owned.has(partition), parts, source, except });
  }
  let worthNow = worthThread;
  const ahead = createPreload((snapshot, partitions, except) => rowsOf(snapshot, partitions, true, except, worthNow), preloadBytes);

  return {
    writer(execution, partitions) {
      const identity = { flow, execution, process, hash, partitions };
      const small = (): DeltaWriter => createDeltaWriter(store, identity, { cache: cached() });
      return createLateWriter(
        () => createSnapshotWriter({ store: address ?? store, ...identity, cacheDirectory }),
        address === undefined ? undefined : small,
      );
    },
    async *load(snapshot, partitions, parts) {
      const before = await ahead.take(snapshot, partitions);
      if (before !== undefined) yield* before.batches;
      yield* rowsOf(snapshot, partitions, parts, before?.files ?? new Set());
    },
    async compact(plan, owned, count, signal) {
      const identity = { flow, execution: plan.execution, process, hash, partitions: count };
      const share = { identity, partitions: owned, parts: process === 0 };
      if (address !== undefined && big([...plan.replaces, ...plan.bases], worthThreadBeside))
        return await compactInThread(address, plan, share, { cacheDirectory, signal });
      const source = (await cached())?.source(store);
      return await compactPartitions(store, plan, { ...share, source });
    },
    preload(snapshot, partitions, beside) {
      fetching?.abort();
      if (partitions.length === 0) {
        ahead.close();
        return Promise.resolve();
      }
      worthNow = beside ? worthThreadBeside : worthThread;
      const files = toRead(snapshot, partitions);
      if (files.reduce((sum, file) => sum + file.bytes, 0) <= preloadFileBytes) return ahead.aim(snapshot, partitions);
      const opening = cached();
      if (opening === undefined) return Promise.resolve();
      const mine = (fetching = new AbortController());
      // Only an economy: what could not be fetched ahead is fetched, or missed aloud, when it is loaded.
      return opening.then((open) => open.prefetch(store, files, mine.signal)).catch(() => {});
    },
    close() {
      fetching?.abort();
      ahead.close();
    },
  };
}

/** Partitions of a process under a table partition → worker. */
export function partitionsOf(assignment: readonly number[], process: number, threads: number): number[] {
  return [...assignment.keys()].filter((partition) => Math.floor(assignment[partition]! / threads) === process);
}

/** Where a key lives: the process that answers for it. */
export function processOf(key: string, assignment: readonly number[], threads: number): number {
  return Math.floor(assignment[partitionOf(key, assignment.length)]! / threads);
}
