/**
 * Another number of partitions for a store, while no flow runs on it: the newest snapshot is written anew as bases under the new
 * number. The store is claimed first, so that a flow which runs after all is fenced off; the manifest changes in one
 * conditional write, so that a crash leaves the old partitions whole. Older snapshots are given up: their rows are routed the old way.
 */
import { WeirError, isWeirError } from "../../errors/index.ts";
import { assignPartitions, claimExecution, ownedBy, readManifest, serializeManifest } from "../manifest/index.ts";
import { manifestName } from "../names.ts";
import type { Manifest, Snapshot, Store } from "../types.ts";
import { collectGarbage } from "../compaction/index.ts";
import { chooseFrom } from "./choose.ts";
import type { PartitionOf } from "./get-value.ts";
import { writeBases } from "./write-bases.ts";

export interface RepartitionOptions {
  readonly partitionOf: PartitionOf;
  /** For the message that a flow gets which ran meanwhile. */
  readonly owner: string;
}

/**
 * @returns the manifest as it is now
 * @throws WEIR_USAGE for a number below 1; WEIR_SNAPSHOT_NOT_RETAINED when there is nothing to repartition; WEIR_STORE_OWNED when a
 *   flow claimed the store meanwhile; WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED
 */
export async function repartition(store: Store, partitions: number, options: RepartitionOptions): Promise<Manifest> {
  if (!Number.isInteger(partitions) || partitions < 1)
    throw new WeirError("WEIR_USAGE", `${partitions} is not a number of partitions`);
  const { found } = await chooseFrom(store, undefined);
  const { flow, hash, topology } = found.manifest;
  if (topology.processes * topology.threads > partitions) {
    throw new WeirError("WEIR_USAGE", `${partitions} partitions are too few for ${topology.processes * topology.threads} workers`);
  }
  const claimed = await claimExecution(store, { flow, hash, topology, owner: options.owner });
  const { execution, snapshots } = claimed.manifest;
  const newest = snapshots.at(-1) as Snapshot;
  const files = await writeBases({ store, snapshot: newest, partitions: claimed.manifest.partitions }, store, {
    flow,
    hash,
    execution,
    partitions,
    partitionOf: options.partitionOf,
  });
  const { dropped: _settled, ...kept } = newest;
  const manifest: Manifest = {
    ...claimed.manifest,
    partitions,
    assignment: assignPartitions(partitions, undefined, topology.processes * topology.threads),
    snapshots: [{ ...kept, execution, files }],
  };
  try {
    await store.putIf(manifestName, serializeManifest(manifest), claimed.version);
  } catch (error) {
    if (!isWeirError(error) || error.code !== "WEIR_STORE_PRECONDITION") throw error;
    throw ownedBy(store, (await readManifest(store))?.manifest);
  }
  await collectGarbage(store, manifest);
  return manifest;
}
