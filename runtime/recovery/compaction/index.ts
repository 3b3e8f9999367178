/** Compaction and garbage: what keeps the cost of a snapshot bounded. May import files, rows, stores and the recovery types. */
export { type CompactionOptions, type CompactionPlan, planCompaction } from "./plan-compaction.ts";
export { type CompactionResult, type CompactionShare, compactPartitions } from "./compact-partitions.ts";
export { compactInThread } from "./compact-in-thread.ts";
export { applyCompaction } from "./apply-compaction.ts";
export { type Collected, collectGarbage } from "./collect-garbage.ts";
