/**
 * The leader's housekeeping of the store: plans compaction waves after commits, gathers the shares of all processes, and has
 * garbage collected when a commit may have made some. Nothing here is needed for correctness; a wave that does not come to its
 * end (a process was lost, the store failed) is dropped with its execution.
 */
import {
  applyCompaction,
  type Collected,
  collectGarbage,
  type CompactionPlan,
  type CompactionResult,
  planCompaction,
} from "../recovery/index.ts";
import type { Manifest, Snapshot, SnapshotFile, Store } from "../recovery/types.ts";

export interface Upkeep {
  /** The files of the next snapshot before its own are added: with the results of a finished wave in their place. */
  files(of: readonly SnapshotFile[]): readonly SnapshotFile[];
  /** After a commit: returns a wave to start, if one is due. */
  committed(manifest: Manifest, snapshot: Snapshot): CompactionPlan | undefined;
  share(process: number, result: CompactionResult | undefined): void;
  /** A new execution begins: whatever was under way is void. */
  reset(processes: number): void;
  /** Resolves when no collection is under way. */
  idle(): Promise<void>;
}

export function createUpkeep(store: Store, retain: number, onCollected: (collected: Collected) => void = () => {}): Upkeep {
  let processes = 1;
  let plan: CompactionPlan | undefined;
  let results = new Map<number, CompactionResult>();
  /** Commits for which garbage may still come up. */
  let dirty = 1;
  let collecting: Promise<void> = Promise.resolve();
  return {
    files(of) {
      if (plan === undefined || results.size < processes) return of;
      const applied = applyCompaction(of, plan, [...results.values()]);
      plan = undefined;
      dirty = retain;
      return applied;
    },
    committed(manifest, snapshot) {
      if (dirty > 0) {
        dirty--;
        collecting = collecting.then(async () => onCollected(await collectGarbage(store, manifest)));
      }
      if (plan !== undefined) return undefined;
      plan = planCompaction(snapshot);
      results = new Map();
      return plan;
    },
    share(process, result) {
      if (plan === undefined) return;
      if (result === undefined) plan = undefined;
      // A share of a wave that was given up may still come in: it does not cover what this one replaces.
      else if (result.execution === plan.execution && result.epoch === plan.epoch) results.set(process, result);
    },
    reset(count) {
      processes = count;
      plan = undefined;
      results = new Map();
      dirty = Math.max(dirty, 1);
    },
    idle: () => collecting,
  };
}
