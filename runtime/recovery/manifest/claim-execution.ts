/**
 * Becoming the owner of a store: execution + 1 by a conditional write. All checks come first, so that a refused resume has
 * written nothing; of those who claim at the same time one wins.
 */
import { randomUUID } from "node:crypto";
import { WeirError, isWeirError } from "../../errors/index.ts";
import { manifestName } from "../names.ts";
import type { Manifest, Store, Topology, VersionedManifest } from "../types.ts";
import { assignPartitions } from "./assign-partitions.ts";
import { readManifest } from "./read-manifest.ts";
import { serializeManifest } from "./schema.ts";

export interface ExecutionClaim {
  /** The flow's id; a store holds the state of one flow. */
  readonly flow: string;
  /** Name of the hash that routes keys to partitions. */
  readonly hash: string;
  /** Left out: what the store has, or 128. */
  readonly partitions?: number | undefined;
  /** Of the execution that begins; when it differs from the last one's, partitions move as little as balance allows. */
  readonly topology: Topology;
  /** A store that has a topology already keeps its number of processes: the manifest is the truth about who runs. */
  readonly keepProcesses?: boolean | undefined;
  /** For the message that a loser gets: host name, process id, time. */
  readonly owner: string;
  /** Go on when another claimed the store meanwhile, and take it from them. */
  readonly force?: boolean | undefined;
  /** Unlike that of any other claim ever made; random unless a test needs to know it. */
  readonly claim?: string | undefined;
}

/** Key groups of a store whose flow does not ask for a number: the unit in which state moves. */
const defaultPartitions = 128;
/** A live owner may commit between our reading and writing; each try reads anew. */
const attempts = 16;

/**
 * @throws WEIR_STORE_FLOW, WEIR_PARTITIONS_CHANGED, WEIR_DECODE, WEIR_SNAPSHOT_DAMAGED: nothing was written;
 *   WEIR_STORE_OWNED: another claimed it first; WEIR_STORE_FAILED: the claim may or may not have been made, and claiming again is safe
 */
export async function claimExecution(store: Store, claim: ExecutionClaim): Promise<VersionedManifest> {
  const mark = claim.claim ?? randomUUID();
  let first: number | undefined;
  for (let tries = 1; ; tries += 1) {
    const current = await readManifest(store);
    if (current !== undefined) checkFits(store, current.manifest, claim);
    const execution = current?.manifest.execution ?? 0;
    if (first !== undefined && execution !== first && claim.force !== true) throw ownedBy(store, current?.manifest);
    first = execution;
    const manifest = claimed(current?.manifest, claim, mark);
    try {
      return { manifest, version: await store.putIf(manifestName, serializeManifest(manifest), current?.version) };
    } catch (error) {
      if (!isWeirError(error) || error.code !== "WEIR_STORE_PRECONDITION" || tries === attempts) throw error;
    }
  }
}

/** The error of whoever finds that the store is not theirs any more. */
export function ownedBy(store: Store, manifest: Manifest | undefined): WeirError {
  if (manifest === undefined) return new WeirError("WEIR_STORE_OWNED", `${store.url}: the manifest was removed by someone else`);
  const owner = manifest.owner === undefined ? "" : ` by ${manifest.owner}`;
  return new WeirError("WEIR_STORE_OWNED", `${store.url}: the state is owned by execution ${manifest.execution}, claimed${owner}`);
}

/** @throws WEIR_STORE_FLOW, WEIR_PARTITIONS_CHANGED */
export function checkFits(store: Store, manifest: Manifest, claim: Pick<ExecutionClaim, "flow" | "hash" | "partitions">): void {
  if (manifest.flow !== claim.flow) {
    throw new WeirError("WEIR_STORE_FLOW", `${store.url} holds the state of flow "${manifest.flow}", not of "${claim.flow}"`);
  }
  if (claim.partitions !== undefined && manifest.partitions !== claim.partitions) {
    throw new WeirError(
      "WEIR_PARTITIONS_CHANGED",
      `${store.url} has ${manifest.partitions} partitions, and the flow asks for ${claim.partitions}`,
    );
  }
  if (manifest.hash !== claim.hash) {
    throw new WeirError(
      "WEIR_PARTITIONS_CHANGED",
      `${store.url} routes keys by ${manifest.hash}, and this version by ${claim.hash}`,
    );
  }
}

function claimed(current: Manifest | undefined, claim: ExecutionClaim, mark: string): Manifest {
  const { flow, hash, owner } = claim;
  const partitions = current?.partitions ?? claim.partitions ?? defaultPartitions;
  const processes = claim.keepProcesses === true && current !== undefined ? current.topology.processes : claim.topology.processes;
  const topology = { processes, threads: claim.topology.threads };
  const assignment = assignPartitions(partitions, current?.assignment, processes * topology.threads);
  const execution = (current?.execution ?? 0) + 1;
  const snapshots = current?.snapshots ?? [];
  return { ...current, format: 1, flow, hash, partitions, execution, topology, assignment, owner, claim: mark, snapshots };
}
