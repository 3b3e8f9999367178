/**
 * The commit: one conditional write that makes a snapshot the truth, and with it, on a rescale, the new topology. Whoever
 * finds the manifest claimed by another has lost the store and stops.
 */
import { WeirError, invariant, isWeirError } from "../../errors/index.ts";
import { comparePositions, manifestName, parseName } from "../names.ts";
import type { Manifest, Snapshot, Store, Topology, VersionedManifest } from "../types.ts";
import { ownedBy } from "./claim-execution.ts";
import { readManifest } from "./read-manifest.ts";
import { serializeManifest } from "./schema.ts";

export interface CommitOptions {
  /** Snapshots that stay restorable, this one included; at least 1. */
  readonly retain: number;
  /** With a rescale: what holds from the next execution on. */
  readonly topology?: Topology | undefined;
  readonly assignment?: readonly number[] | undefined;
  /** With a rescale: the commit also begins the next execution, within the same claim. */
  readonly nextExecution?: boolean | undefined;
  /** The snapshot came out of this request to go back to an earlier one, which is fulfilled by it. */
  readonly restored?: string | undefined;
}

/** A commit whose answer stays unknown is tried again this often; each try is settled by what the store holds. */
const attempts = 3;

/**
 * @param current what this owner read or wrote last
 * @throws WEIR_STORE_OWNED naming the owner; WEIR_STORE_FAILED when the outcome cannot be known: committing the same snapshot again is safe
 */
export async function commitSnapshot(
  store: Store,
  current: VersionedManifest,
  snapshot: Snapshot,
  options: CommitOptions,
): Promise<VersionedManifest> {
  invariant(options.retain >= 1, `retain ${options.retain}`);
  const execution = current.manifest.execution + (options.nextExecution === true ? 1 : 0);
  let base = current;
  for (let tries = 1; ; tries += 1) {
    const manifest = committed(base.manifest, snapshot, execution, options);
    try {
      return { manifest, version: await store.putIf(manifestName, serializeManifest(manifest), base.version) };
    } catch (error) {
      if (!isWeirError(error) || error.code !== "WEIR_STORE_PRECONDITION") throw error;
      const found = await readManifest(store);
      if (found === undefined || !sameOwner(found.manifest, current.manifest) || tries === attempts)
        throw ownedBy(store, found?.manifest);
      // Our own earlier write, whose answer was lost for good and which took place after all: go on from it.
      base = found;
    }
  }
}

/** `claim` is unique to an owner; the number alone is not, when a store was copied or written by hand. */
function sameOwner(found: Manifest, own: Manifest): boolean {
  return found.claim !== undefined && found.claim === own.claim;
}

function committed(base: Manifest, snapshot: Snapshot, execution: number, options: CommitOptions): Manifest {
  const older = base.snapshots.filter((entry) => comparePositions(entry, snapshot) !== 0);
  return {
    ...base,
    execution,
    topology: options.topology ?? base.topology,
    assignment: options.assignment ?? base.assignment,
    ...(options.restored === undefined ? {} : { restored: options.restored }),
    snapshots: [...older, withoutSettledDrops(snapshot)].slice(-options.retain),
  };
}

/** A dropped step needs to be remembered only while there are files that may have rows of it. */
function withoutSettledDrops({ dropped, ...snapshot }: Snapshot): Snapshot {
  const kept = dropped?.filter((entry) =>
    snapshot.files.some((file) => {
      const name = parseName(file.path);
      return name === undefined || comparePositions(name, entry) <= 0;
    }),
  );
  return kept === undefined || kept.length === 0 ? snapshot : { ...snapshot, dropped: kept };
}

/**
 * The snapshot to resume from: the newest, or the one of `fromEpoch` (its newest execution when several have that epoch).
 * undefined = there is none, start from nothing.
 * @throws WEIR_SNAPSHOT_NOT_RETAINED listing what there is
 */
export function chooseSnapshot(manifest: Manifest, fromEpoch?: number): Snapshot | undefined {
  if (fromEpoch === undefined) return manifest.snapshots.at(-1);
  const chosen = manifest.snapshots.findLast((snapshot) => snapshot.epoch === fromEpoch);
  if (chosen !== undefined) return chosen;
  const retained = manifest.snapshots.map((snapshot) => snapshot.epoch);
  throw new WeirError(
    "WEIR_SNAPSHOT_NOT_RETAINED",
    `there is no snapshot of epoch ${fromEpoch}; ${retained.length === 0 ? "none is retained" : `retained: ${retained.join(", ")}`}`,
  );
}
