/** What the execution sees of the writer, whether it runs in a thread of its own or in this one. */
import type { RowBatch, SnapshotFile, Store, StoreAddress } from "../types.ts";

/** Who writes; goes into the names and the meta of files. */
export interface WriterIdentity {
  readonly flow: string;
  readonly execution: number;
  readonly process: number;
  readonly hash: string;
  readonly partitions: number;
}
export interface SnapshotWriterOptions extends WriterIdentity {
  /** A store for `inline`, an address for a thread (which opens its own). */
  readonly store: Store | StoreAddress;
  /** Do the work in this thread, in order, with no timers: for simulation and tests. Default: only when `store` is a Store. */
  readonly inline?: boolean | undefined;
  /** Of a thread: where copies of the files are kept for loading and compaction; see openFileCache. */
  readonly cacheDirectory?: string | undefined;
  /** Bytes that may wait to be sealed before `congested` is true; default 128 MiB. */
  readonly highWaterBytes?: number | undefined;
  /** Packed rows that are written before the rest of a delta is known; default 24 MiB. */
  readonly partBytes?: number | undefined;
}
export interface Sealed {
  /** One delta, in several parts if it is large; none when nothing had changed. */
  readonly files: readonly SnapshotFile[];
  /** Steps with rows in `files`. */
  readonly steps: readonly string[];
  readonly bytes: number;
  readonly durationMilliseconds: number;
}
export interface SnapshotWriter {
  /** Takes the batch over: its buffer is transferred, and must not be used any more. */
  add(batch: RowBatch): void;
  /**
   * All rows with an epoch of at most `epoch` that were not sealed yet are durable, in the files named, when this resolves. Epochs
   * of calls grow. Rejects as the store does; the rows are then lost to this writer, and the execution has to end.
   */
  seal(epoch: number): Promise<Sealed>;
  /** True while more than `highWaterBytes` wait; who has many rows should hold back. */
  congested(): boolean;
  /** Bytes added and not yet durable. */
  queuedBytes(): number;
  /** Called whenever `congested` has turned false. */
  onRelief(listener: () => void): void;
  /** Resolves when what is being written is done. Nobody is told of relief any more. */
  close(): Promise<void>;
}
