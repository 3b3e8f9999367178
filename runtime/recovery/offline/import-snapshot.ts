/**
 * A snapshot of another store as the beginning of an execution in this one. It is written anew under the number of the execution
 * that has claimed this store, so that no name can meet one that is here already, and for this store's number of partitions.
 * Nothing of it counts before the execution's first commit names it.
 */
import { WeirError } from "../../errors/index.ts";
import type { DroppedStep, Manifest, Snapshot, Store } from "../types.ts";
import type { PartitionOf } from "./get-value.ts";
import { writeBases } from "./write-bases.ts";

export interface ImportOptions {
  readonly partitionOf: PartitionOf;
  /** Steps whose state is left behind. */
  readonly dropped?: readonly DroppedStep[] | undefined;
}

/**
 * @param from the other store, its manifest and the snapshot chosen there
 * @param claimed this store's manifest, just claimed
 * @throws WEIR_STORE_FLOW, WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED, WEIR_STORE_FAILED
 */
export async function importSnapshot(
  from: { readonly store: Store; readonly manifest: Manifest; readonly snapshot: Snapshot },
  into: Store,
  claimed: Manifest,
  options: ImportOptions,
): Promise<Snapshot> {
  const { flow, hash, execution, partitions } = claimed;
  if (from.manifest.flow !== flow)
    throw new WeirError("WEIR_STORE_FLOW", `${from.store.url} holds the state of flow "${from.manifest.flow}", not of "${flow}"`);
  const gone = new Set(options.dropped?.map(({ step }) => step));
  const files = await writeBases({ store: from.store, snapshot: from.snapshot, partitions: from.manifest.partitions }, into, {
    flow,
    hash,
    execution,
    partitions,
    partitionOf: options.partitionOf,
  });
  const { epoch, time, steps, prepared } = from.snapshot;
  return {
    epoch,
    execution,
    time,
    steps: steps.filter((step) => !gone.has(step)),
    files,
    ...(prepared === undefined ? {} : { prepared }),
    ...(gone.size === 0 ? {} : { dropped: [...gone].map((step) => ({ step, execution, epoch })) }),
  };
}
