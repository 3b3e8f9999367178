/**
 * Recovery's own words. Layout under a store's prefix (everything but the manifest is immutable):
 *
 *   manifest.json                                            replaced only with a condition on its last version
 *   delta/<execution>-<epoch>-<process>.sqlite.zst           rows that changed since this process's previous delta
 *   delta/<execution>-<epoch>-<process>-<part>.sqlite.zst    the same, of a delta that is large: written before the rest was known
 *   delta/<execution>-<epoch>-<process>-merged.sqlite.zst    rows of several deltas, last one wins, written by compaction
 *   base/<partition>/<execution>-<epoch>.sqlite.zst          all rows of one partition, written by compaction
 *   base/parts/<execution>-<epoch>.sqlite.zst                all positions of sources and sinks, written by compaction
 *
 * The numbers are zero-padded to ten digits so that names sort by age. A delta or base is a SQLite database with
 *   state(partition, step, key, value) PRIMARY KEY (partition, step, key)   value NULL = the key was removed
 *   parts(step, part, value)           PRIMARY KEY (step, part)
 *   meta(name, value)                  PRIMARY KEY (name): format, flow, execution, epoch, process, hash, partitions
 * Loading applies bases, then deltas in the order of (execution, epoch). A base takes the place of everything its partition
 * had before it, so rows of that partition in deltas of the same or an earlier position are passed over.
 */

/** A place that keeps objects by name. Names are relative to the URL's prefix. */
export interface Store {
  /** The URL without secrets, for messages. */
  readonly url: string;
  /** undefined when there is no such object. The bytes are the caller's. */
  get(name: string): Promise<StoredObject | undefined>;
  /** Writes an immutable object; writing the same bytes again is harmless. The bytes are the caller's again when it resolves. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Writes only if the object is still at `version` (undefined: does not exist). Throws WEIR_STORE_PRECONDITION otherwise. When an answer was lost
   * it reads back and decides by content, so that a write which did happen is never reported as refused; `bytes` must therefore be unlike what any
   * other writer could write. When even reading back does not settle it: WEIR_STORE_FAILED, and the write may or may not have happened.
   */
  putIf(name: string, bytes: Uint8Array, version: string | undefined): Promise<string>;
  /** Names that start with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  /** Deleting what is not there is no error. */
  delete(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly version: string;
}
/** What another thread needs to open the same store. */
export interface StoreAddress {
  readonly url: string;
  /** For S3-compatible and emulated stores. */
  readonly endpoint?: string | undefined;
  /** Where credentials are looked for; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds that one operation may take, retries included; default 60 000. */
  readonly timeoutMs?: number | undefined;
}

export interface Topology {
  readonly processes: number;
  readonly threads: number;
}
export interface SnapshotFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /**
   * Of a delta: which partitions it has rows of, so that nobody fetches it in vain. Hexadecimal; bit b of digit d is partition 4d + b.
   * Left out: any.
   */
  readonly partitions?: string;
  /** Of a delta that says its partitions: whether it has positions of sources and sinks. */
  readonly parts?: boolean;
}
export interface Snapshot {
  readonly epoch: number;
  readonly execution: number;
  /** RFC 3339. */
  readonly time: string;
  /** Ids of the steps that have rows in `files`. */
  readonly steps: readonly string[];
  /** Bases and deltas that together hold every row of this epoch, in the order in which they apply. */
  readonly files: readonly SnapshotFile[];
  /** What transactional sinks prepared and the commit of this snapshot settles: [step, value]. */
  readonly prepared?: readonly unknown[];
  /** Steps whose state was dropped: their rows in files up to that position are void, should the step come back. */
  readonly dropped?: readonly DroppedStep[];
}
export interface DroppedStep {
  readonly step: string;
  readonly execution: number;
  readonly epoch: number;
}
export interface Manifest {
  readonly format: 1;
  readonly flow: string;
  readonly hash: string;
  readonly partitions: number;
  /** The execution that owns the store. Grows with each claim. */
  readonly execution: number;
  readonly topology: Topology;
  /** Partition → worker; changed only by a rescale, moving as few partitions as balance allows. */
  readonly assignment: readonly number[];
  /** Who claimed the execution, for messages: host name, process id, time. */
  readonly owner?: string;
  /** Made anew by each claim: tells one's own writes from those of another that claimed the same number. */
  readonly claim?: string;
  /** Which request to go back to an earlier snapshot the newest one has come out of: none is fulfilled twice. */
  readonly restored?: string;
  /** Newest last. */
  readonly snapshots: readonly Snapshot[];
}
export interface VersionedManifest {
  readonly manifest: Manifest;
  readonly version: string;
}

/**
 * Rows on their way from a worker to a snapshot, or back, packed so that one transfer moves thousands between threads.
 *
 *   row    kind u8 (0 state, 1 removed state, 2 part) · step u16 (index into `steps`) · partition u32 · epoch f64
 *          · key length u32 · key UTF-8 · value length u32 · value bytes        all little-endian, unaligned
 */
export interface RowBatch {
  readonly steps: readonly string[];
  readonly bytes: Uint8Array;
  readonly rows: number;
}
