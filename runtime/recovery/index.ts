/**
 * Recovery: exactly-once state as SQLite files behind one manifest. May import errors (and of timely and the connectors no more
 * than interfaces); knows no flow, no worker and no Kubernetes. Reading order: types → manifest → writer → load → compaction.
 */
export type * from "./types.ts";
export { type RowPacker, type RowVisitor, createRowPacker, forEachRow, forEachStateRow } from "./rows.ts";
export { type Position, comparePositions } from "./names.ts";
export { type FileCache, openFileCache } from "./files/index.ts";
export { filesToRead } from "./merge-files.ts";
export {
  openStore,
  createMemoryStore,
  type MemoryStore,
  type MemoryStoreOptions,
  type StoreFault,
  type StoreOperation,
} from "./stores/index.ts";
export {
  type CommitOptions,
  type ExecutionClaim,
  assignPartitions,
  checkFits,
  checkSteps,
  chooseSnapshot,
  claimExecution,
  commitSnapshot,
  readManifest,
} from "./manifest/index.ts";
export { splitAfter } from "./split-rows.ts";
export {
  type DeltaWriter,
  type Sealed,
  type SnapshotWriter,
  type SnapshotWriterOptions,
  type WriterIdentity,
  createDeltaWriter,
  createSnapshotWriter,
} from "./writer/index.ts";
export { type LoadOptions, type ThreadLoadOptions, loadSnapshot, loadSnapshotInThread } from "./load/index.ts";
export {
  type Collected,
  type CompactionOptions,
  type CompactionPlan,
  type CompactionResult,
  type CompactionShare,
  applyCompaction,
  collectGarbage,
  compactInThread,
  compactPartitions,
  planCompaction,
} from "./compaction/index.ts";
export {
  type PartContent,
  type PartitionOf,
  type RepartitionOptions,
  type SnapshotContent,
  type SnapshotSummary,
  type StepContent,
  type ImportOptions,
  getValue,
  importSnapshot,
  inspectSnapshot,
  listSnapshots,
  repartition,
} from "./offline/index.ts";
