/**
 * A whole flow's recovery in miniature, for property tests: processes that write rows, a coordinator that commits, compacts,
 * collects garbage, rescales and restarts, next to a plain model (a Map) of what must come back. Only the store is unreliable.
 */
import {
  type CompactionOptions,
  type CompactionPlan,
  type CompactionResult,
  type Snapshot,
  type SnapshotWriter,
  type Store,
  type VersionedManifest,
  applyCompaction,
  assignPartitions,
  checkSteps,
  chooseSnapshot,
  claimExecution,
  collectGarbage,
  commitSnapshot,
  compactPartitions,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshot,
  planCompaction,
} from "../../runtime/recovery/index.ts";

export const partitions = 4;
const flow = "miniature";
const hash = "test";
/** By "step/key" or "part step/part"; values as text. */
export type Model = Map<string, string>;
export const partitionOf = (key: string): number =>
  [...key].reduce((sum, character) => sum + character.charCodeAt(0), 0) % partitions;

export interface Wave {
  readonly plan: CompactionPlan;
  readonly results: CompactionResult[];
}
export interface Miniature {
  readonly manifest: VersionedManifest;
  readonly live: Model;
  /** That the next snapshot closes. */
  readonly epoch: number;
  /** Nothing happens when the flow does not have the step. */
  write(step: string, key: string, value: string | undefined): void;
  part(step: string, part: string, value: string): void;
  /** Seals, commits and collects garbage; `wave` is applied. Rescales to `processes` if given. */
  snapshot(options?: { wave?: Wave | undefined; processes?: number | undefined; retain?: number }): Promise<void>;
  plan(options: CompactionOptions): CompactionPlan | undefined;
  compact(plan: CompactionPlan, thresholds: { baseFloorBytes: number; baseShare: number }): Promise<Wave>;
}

/** Starts an execution: claims, loads, and is ready to write. */
export async function start(
  store: Store,
  processes: number,
  options: { steps?: readonly string[]; fromEpoch?: number | undefined; claim?: string } = {},
): Promise<Miniature> {
  const { steps = ["a", "b", "in"] } = options;
  let manifest = await claimExecution(store, {
    flow,
    hash,
    partitions,
    topology: { processes, threads: 1 },
    owner: "miniature",
    claim: options.claim,
  });
  let base = chooseSnapshot(manifest.manifest, options.fromEpoch);
  let dropped = base === undefined ? [] : checkSteps(base, steps, true);
  const live = base === undefined ? new Map() : await load(store, { ...base, dropped });
  for (const key of live.keys()) if (!steps.includes(stepOf(key))) throw new Error(`${key} of a dropped step came back`);
  let epoch = (base?.epoch ?? 0) + 1;
  let writers = makeWriters();
  let packers = writers.map(() => createRowPacker(64));

  function makeWriters(): SnapshotWriter[] {
    const { execution, topology } = manifest.manifest;
    return Array.from({ length: topology.processes }, (_, process) =>
      createSnapshotWriter({ store, flow, hash, partitions, execution, process, partBytes: 100 }),
    );
  }
  const owner = (partition: number): number => manifest.manifest.assignment[partition] as number;
  return {
    get manifest() {
      return manifest;
    },
    live,
    get epoch() {
      return epoch;
    },
    write(step, key, value) {
      if (!steps.includes(step)) return;
      const partition = partitionOf(key);
      const packer = packers[owner(partition)]!;
      packer.state(step, epoch, partition, key, value === undefined ? undefined : Buffer.from(value));
      // A few rows make a part.
      if (packer.size > 60) writers[owner(partition)]!.add(packer.take());
      if (value === undefined) live.delete(`${step}/${key}`);
      else live.set(`${step}/${key}`, value);
    },
    part(step, part, value) {
      packers[part.length % packers.length]!.part(step, epoch, part, Buffer.from(value));
      live.set(`part ${step}/${part}`, value);
    },
    async snapshot({ wave, processes: next, retain = 2 } = {}) {
      packers.forEach((packer, process) => writers[process]!.add(packer.take()));
      const sealed = await Promise.all(writers.map((writer) => writer.seal(epoch)));
      const before = base?.files ?? [];
      const files = [
        ...(wave === undefined ? before : applyCompaction(before, wave.plan, wave.results)),
        ...sealed.flatMap((one) => one.files),
      ];
      const known = (base?.steps ?? []).filter((step) => steps.includes(step));
      const snapshot: Snapshot = {
        epoch,
        execution: manifest.manifest.execution,
        time: "2026-01-01T00:00:00Z",
        steps: [...new Set([...known, ...sealed.flatMap((one) => one.steps)])],
        files,
        ...(dropped.length === 0 ? {} : { dropped }),
      };
      const rescale =
        next === undefined
          ? {}
          : {
              topology: { processes: next, threads: 1 },
              assignment: assignPartitions(partitions, manifest.manifest.assignment, next),
              nextExecution: true,
            };
      manifest = await commitSnapshot(store, manifest, snapshot, { retain, ...rescale });
      base = manifest.manifest.snapshots.at(-1);
      dropped = base?.dropped ?? [];
      epoch += 1;
      if (next !== undefined) {
        writers = makeWriters();
        packers = writers.map(() => createRowPacker(64));
      }
      await collectGarbage(store, manifest.manifest);
    },
    plan: (compaction) =>
      base === undefined || base.execution !== manifest.manifest.execution ? undefined : planCompaction(base, compaction),
    async compact(plan, thresholds) {
      const { execution, topology, assignment } = manifest.manifest;
      const results: CompactionResult[] = [];
      for (let process = 0; process < topology.processes; process += 1) {
        const own = assignment.flatMap((worker, partition) => (worker === process ? [partition] : []));
        const identity = { flow, hash, partitions, execution, process };
        results.push(await compactPartitions(store, plan, { identity, partitions: own, parts: process === 0, ...thresholds }));
      }
      return { plan, results };
    },
  };
}

/** What a snapshot holds, loaded as several processes would, each its share. */
export async function load(store: Store, snapshot: Snapshot, shares = 2): Promise<Model> {
  const model: Model = new Map();
  for (let share = 0; share < shares; share += 1) {
    const wanted = { partitions: (partition: number) => partition % shares === share, parts: share === 0 };
    for await (const batch of loadSnapshot(store, snapshot, wanted)) {
      forEachRow(batch, {
        state(step, partition, key, value) {
          if (partition !== partitionOf(key)) throw new Error(`${key} is in partition ${partition}`);
          if (value === undefined) model.delete(`${step}/${key}`);
          else model.set(`${step}/${key}`, Buffer.from(value).toString());
        },
        part: (step, part, value) => void model.set(`part ${step}/${part}`, Buffer.from(value).toString()),
      });
    }
  }
  return model;
}
export const stepOf = (key: string): string => key.replace(/^part /, "").split("/")[0] as string;
