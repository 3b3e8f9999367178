/**
 * Process 0's hold on the store: which execution it owns, what the manifest says, and the snapshot that the next one adds to.
 * Without a store it only counts executions.
 *
 * Invariant: all of it changes at three moments only, each time as a whole: a claim, a commit of the execution that is owned,
 * and the step into the execution that a rescale's commit has named. Until that step `execution` and `topology` are still those
 * of what ran; the answer to a commit that comes after the next claim changes nothing.
 */
import { invariant } from "../errors/index.ts";
import { assignPartitions, commitSnapshot } from "../recovery/index.ts";
import type { DroppedStep, Manifest, Snapshot, SnapshotFile, Store, Topology, VersionedManifest } from "../recovery/types.ts";
import { claimStore, type Restore } from "./claim.ts";
import type { CommitInput } from "./coordinator.ts";

export interface OwnershipOptions {
  readonly flowId: string;
  /** Ids of the steps that keep state or positions. */
  readonly steps: readonly string[];
  readonly store: Store | undefined;
  /** Who runs, when the store is new or `keepTopology` is false. */
  readonly topology: Topology;
  /** The store's own topology wins: it was rescaled, and whoever starts the processes follows it. */
  readonly keepTopology: boolean;
  readonly hash: string;
  /** undefined: what the store has, or 128. */
  readonly partitions: number | undefined;
  readonly retain: number;
  /** Go back to an earlier snapshot, or to that of another store. */
  readonly restore?: Restore | undefined;
  readonly allowDroppedState: boolean;
  readonly owner: string;
  readonly clock: () => number;
}

export interface Ownership {
  /** 0 before the first claim. */
  readonly execution: number;
  readonly topology: Topology;
  readonly partitions: number;
  /** As it was read or written last; undefined without a store, and before the first claim. */
  readonly manifest: Manifest | undefined;
  /** The snapshot that the files of the next one add to: not the newest of the store when an older epoch was resumed from. */
  readonly base: Snapshot | undefined;
  /** Partition → worker, with so many workers, and as few moves from the present table as it takes. */
  assign(workers: number): readonly number[];
  /** Begins an execution that is the only one that may commit; returns the snapshot it goes on from. @throws as claimStore does */
  claim(): Promise<Snapshot | undefined>;
  /** Makes the snapshot the truth. undefined: the store was claimed anew meanwhile, and that claim has seen what came of it. */
  commit(input: CommitInput, time: string): Promise<Snapshot | undefined>;
  /** The execution that the last commit has named is the one that runs now. */
  succeed(): void;
}

/** Of a flow without a store, and of one that is new, unless the flow's owner asks for another number. */
const defaultPartitions = 128;

/** @param upkept the files of a snapshot, with those in their place that housekeeping has made of them */
export function createOwnership(
  options: OwnershipOptions,
  upkept: (files: readonly SnapshotFile[]) => readonly SnapshotFile[],
): Ownership {
  const { store } = options;
  let { topology } = options;
  let partitions = options.partitions ?? defaultPartitions;
  let execution = 0;
  let held: VersionedManifest | undefined;
  let base: Snapshot | undefined;
  let dropped: readonly DroppedStep[] = [];
  /** Until a commit has fulfilled it. */
  let { restore } = options;
  let restoring = false;

  const snapshotOf = ({ epoch, sealed }: CommitInput, time: string): Snapshot => {
    const prepared = sealed.flatMap((part) => part.prepared);
    const kept = (base?.steps ?? []).filter((step) => options.steps.includes(step));
    return {
      epoch,
      execution,
      time,
      steps: [...new Set([...kept, ...sealed.flatMap(({ steps }) => steps)])].toSorted(),
      files: [...upkept(base?.files ?? []), ...sealed.flatMap(({ files }) => files)],
      ...(prepared.length === 0 ? {} : { prepared }),
      ...(dropped.length === 0 ? {} : { dropped }),
    };
  };

  const assign = (workers: number): readonly number[] => assignPartitions(partitions, held?.manifest.assignment, workers);

  return {
    async claim() {
      if (store === undefined) {
        // Nothing remembers the last number: seconds grow from one life of process 0 to the next, and fit into a frame.
        execution = Math.max(execution + 1, Math.floor(options.clock() / 1000));
        return undefined;
      }
      const { flowId: flow, hash, steps, keepTopology, allowDroppedState, owner } = options;
      const claimed = await claimStore(store, {
        flow,
        hash,
        steps,
        partitions: options.partitions,
        topology,
        keepTopology,
        allowDroppedState,
        owner,
        restore,
      });
      ({ manifest: held, snapshot: base, dropped, restoring } = claimed);
      ({ topology, partitions, execution } = held.manifest);
      return base;
    },
    async commit(input, time) {
      invariant(store !== undefined && held !== undefined, "a commit without a claim");
      const snapshot = snapshotOf(input, time);
      const next = input.rescaleTo;
      const own = execution;
      const committed = await commitSnapshot(store, held, snapshot, {
        retain: options.retain,
        ...(restoring ? { restored: restore?.id } : {}),
        ...(next === undefined ? {} : { topology: next, assignment: assign(next.processes * next.threads), nextExecution: true }),
      });
      // What is known of the store since it was claimed anew is newer than this answer.
      if (execution !== own) return undefined;
      held = committed;
      base = snapshot;
      if (restoring) restore = undefined;
      restoring = false;
      return snapshot;
    },
    succeed() {
      invariant(held !== undefined, "no execution to go on to");
      ({ topology, execution } = held.manifest);
    },
    assign,
    get execution() {
      return execution;
    },
    get topology() {
      return topology;
    },
    get partitions() {
      return partitions;
    },
    get manifest() {
      return held?.manifest;
    },
    get base() {
      return base;
    },
  };
}
