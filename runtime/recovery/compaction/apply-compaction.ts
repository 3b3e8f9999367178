/** The files of a snapshot after a wave. Snapshots committed while it ran have only added deltas, so the wave still fits. */
import { invariant } from "../../errors/index.ts";
import { inOrder } from "../names.ts";
import type { SnapshotFile } from "../types.ts";
import type { CompactionPlan } from "./plan-compaction.ts";
import type { CompactionResult } from "./compact-partitions.ts";

/**
 * @param files of a snapshot that came out of the planned one in the same execution
 * @param results one of each process: with a share missing, rows would be lost
 */
export function applyCompaction(
  files: readonly SnapshotFile[],
  plan: CompactionPlan,
  results: readonly CompactionResult[],
): SnapshotFile[] {
  for (const { execution, epoch } of results) {
    invariant(
      execution === plan.execution && epoch === plan.epoch,
      `a share of wave ${execution}-${epoch} in wave ${plan.execution}-${plan.epoch}`,
    );
  }
  const present = new Set(files.map((file) => file.path));
  const gone = new Set([...plan.replaces.map((file) => file.path), ...results.flatMap((result) => result.replaced)]);
  for (const path of gone) invariant(present.has(path), `compaction replaces ${path}, which the snapshot does not have`);
  return inOrder([...files.filter((file) => !gone.has(file.path)), ...results.flatMap((result) => result.files)]);
}
