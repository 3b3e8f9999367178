/**
 * Taking over a store for a new execution: which snapshot to go on from, and the claim. All that can be refused is refused
 * before the claim, so that a refused resume has written nothing.
 *
 * Invariant: a request to go back to an earlier snapshot is fulfilled once. It is open until a snapshot that came out of it is
 * committed, whatever crashes on the way; that commit names the request, and whoever repeats it afterwards goes on from the newest.
 */
import { WeirError } from "../errors/index.ts";
import { partitionOf } from "../flow/index.ts";
import { checkFits, checkSteps, chooseSnapshot, claimExecution, importSnapshot, readManifest } from "../recovery/index.ts";
import type { DroppedStep, Manifest, Snapshot, Store, Topology, VersionedManifest } from "../recovery/types.ts";

export interface Restore {
  /** Of a retained snapshot; left out: the newest of `from`. */
  readonly epoch?: number | undefined;
  /** Another store, left as it is; default the flow's own. */
  readonly from?: Store | undefined;
  /** Tells this request from others to go back; without one it holds for the life of a process. */
  readonly id?: string | undefined;
}

export interface ClaimOptions {
  readonly flow: string;
  readonly hash: string;
  readonly steps: readonly string[];
  readonly partitions: number | undefined;
  readonly topology: Topology;
  readonly keepTopology: boolean;
  readonly allowDroppedState: boolean;
  readonly owner: string;
  readonly restore: Restore | undefined;
}

export interface Claimed {
  readonly manifest: VersionedManifest;
  /** undefined: the flow starts from nothing. */
  readonly snapshot: Snapshot | undefined;
  readonly dropped: readonly DroppedStep[];
  /** `snapshot` is that of the request: it is fulfilled by the first commit. */
  readonly restoring: boolean;
}

/** @throws what makes the store unfit, before anything was written; WEIR_STORE_OWNED when another claimed it meanwhile */
export async function claimStore(store: Store, options: ClaimOptions): Promise<Claimed> {
  const { flow, hash, partitions, steps, allowDroppedState, restore } = options;
  const found = (await readManifest(store))?.manifest;
  if (found !== undefined) checkFits(store, found, { flow, hash, partitions });
  const open = restore !== undefined && (restore.id === undefined || found?.restored !== restore.id);
  const other = open && restore.from !== undefined ? await chooseThere(restore.from, flow, restore.epoch) : undefined;
  const epoch = open && other === undefined ? restore.epoch : undefined;
  if (epoch !== undefined && found === undefined)
    throw new WeirError("WEIR_SNAPSHOT_NOT_RETAINED", `${store.url} has no snapshot of epoch ${epoch}, nor any other`);
  const planned = other?.snapshot ?? (found === undefined ? undefined : chooseSnapshot(found, epoch));
  if (planned !== undefined) checkSteps(planned, steps, allowDroppedState);

  const manifest = await claimExecution(store, {
    flow,
    hash,
    partitions,
    topology: options.topology,
    keepProcesses: options.keepTopology,
    owner: options.owner,
  });
  // Between reading and claiming the owner before us may have committed once more: that is the newest then.
  const chosen = other?.snapshot ?? chooseSnapshot(manifest.manifest, epoch);
  const dropped = chosen === undefined ? [] : checkSteps(chosen, steps, allowDroppedState);
  if (other === undefined) return { manifest, snapshot: chosen, dropped, restoring: open };
  const snapshot = await importSnapshot(other, store, manifest.manifest, { partitionOf, dropped });
  return { manifest, snapshot, dropped: snapshot.dropped ?? [], restoring: true };
}

async function chooseThere(
  store: Store,
  flow: string,
  epoch: number | undefined,
): Promise<{ store: Store; manifest: Manifest; snapshot: Snapshot }> {
  const manifest = (await readManifest(store))?.manifest;
  if (manifest !== undefined && manifest.flow !== flow)
    throw new WeirError("WEIR_STORE_FLOW", `${store.url} holds the state of flow "${manifest.flow}", not of "${flow}"`);
  const snapshot = manifest && chooseSnapshot(manifest, epoch);
  if (manifest === undefined || snapshot === undefined)
    throw new WeirError("WEIR_SNAPSHOT_NOT_RETAINED", `${store.url} has no snapshot to restore from`);
  return { store, manifest, snapshot };
}
