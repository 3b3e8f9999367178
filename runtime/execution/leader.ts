/**
 * What process 0 does from one execution to the next: own the store, say who runs and from which snapshot, drive the
 * coordinator, commit, and decide what follows the end of an execution.
 *
 *   claim ─▶ wait for all processes ─▶ prepare ─▶ (all loaded) ─▶ begin … end ─┬─ completed, drained for good, failed: stop
 *     ▲                                   ▲                                   ├─ rescaled: the manifest has the next execution
 *     │                                   └───────────────────────────────────┘
 *     └──────────────── peer lost, store failed (with back-off), one process left ──────────────┘
 */
import { isWeirError, WeirError } from "../errors/index.ts";
import type { DroppedStep, Snapshot, Store, Topology, VersionedManifest } from "../recovery/types.ts";
import { assignPartitions, checkSteps, chooseSnapshot, claimExecution, commitSnapshot, readManifest } from "../recovery/index.ts";
import { type CommitInput, type CommitResult, type CoordinatedSource, type Coordinator, createCoordinator } from "./coordinator.ts";
import { type FromCoordinator, fromWireError, type Outcome, type ToCoordinator, toWireError } from "./messages.ts";
import type { Network } from "./network.ts";
import { createUpkeep } from "./upkeep.ts";

export interface LeaderOptions {
  readonly flowId: string;
  /** Ids of the steps that keep state or positions. */
  readonly steps: readonly string[];
  readonly sources: readonly CoordinatedSource[];
  readonly listSinks: () => Promise<Record<string, readonly string[]>>;
  /** Makes what a transactional sink prepared visible; called again after a resume. */
  readonly settle: (prepared: readonly (readonly [step: string, value: unknown])[]) => Promise<void>;
  readonly network: Network;
  readonly store: Store | undefined;
  /** Who runs, when the store is new or `keepTopology` is false. */
  readonly topology: Topology;
  /** The store's own topology wins: it was rescaled, and whoever starts the processes follows it. */
  readonly keepTopology: boolean;
  readonly hash: string;
  /** undefined: what the store has, or 128. */
  readonly partitions: number | undefined;
  readonly retain: number;
  readonly fromEpoch?: number | undefined;
  readonly allowDroppedState: boolean;
  readonly owner: string;
  /** All processes that are connected, in the topology or not. */
  readonly others?: () => Iterable<number>;
  readonly epochMs: number;
  readonly snapshotMs: number;
  readonly listEveryMs?: number | undefined;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly wake: () => void;
  readonly onEvent: (event: LeaderEvent) => void;
}

export type LeaderEvent =
  | { readonly kind: "claimed"; readonly execution: number; readonly resumedFrom: number | undefined; readonly topology: Topology }
  | { readonly kind: "waiting"; readonly missing: readonly number[] }
  | { readonly kind: "restarting"; readonly error: WeirError; readonly attempt: number }
  | { readonly kind: "rescaled"; readonly from: Topology; readonly to: Topology; readonly stallMilliseconds: number };

export interface Leader {
  /** Resolves when the flow has completed or was drained for good; rejects with what made it fail. */
  run(): Promise<"completed" | "drained">;
  handle(process: number, message: ToCoordinator): void;
  peerLost(process: number, error: WeirError): void;
  peerUp(process: number): void;
  poll(): void;
  nextTime(): number | undefined;
  frontier(execution: number, epoch: number): void;
  snapshot(): Promise<{ epoch: number; bytes: number; durationMilliseconds: number }>;
  drain(stay: boolean): void;
  rescale(processes: number): Promise<{ execution: number; epoch: number; stallMilliseconds: number }>;
  readonly topology: Topology;
}

/** Of a store that is new, unless the flow's owner asks for another number. */
export const defaultPartitions = 128;

/** Consecutive executions without a commit before a failure that might pass is taken as lasting. */
const attemptsWithoutProgress = 8;

export function createLeader(options: LeaderOptions): Leader {
  const { network, store, clock } = options;
  let topology = options.topology;
  let partitions = options.partitions ?? defaultPartitions;
  let manifest: VersionedManifest | undefined;
  /** The snapshot that the files of the next one add to: not the newest of the store when an older epoch was resumed from. */
  let base: Snapshot | undefined;
  let dropped: readonly DroppedStep[] = [];
  let execution = 0;
  let coordinator: Coordinator | undefined;
  let participants: readonly number[] = [];
  let ended: ((outcome: Outcome) => void) | undefined;
  let peersChanged: () => void = () => {};
  let leaving: boolean | undefined;
  let attempt = 0;
  let fromEpoch = options.fromEpoch;
  const upkeep = store === undefined ? undefined : createUpkeep(store, options.retain);
  let rescaling:
    | {
        to: Topology;
        startedAt: number;
        resolve(result: { execution: number; epoch: number; stallMilliseconds: number }): void;
        reject(error: WeirError): void;
      }
    | undefined;
  let stalled: { from: Topology; to: Topology; epoch: number; startedAt: number; execution: number } | undefined;

  const broadcast = (message: FromCoordinator): void => {
    for (const process of participants) network.send(process, message);
    if (message.kind === "committed") attempt = 0;
    if (message.kind === "end") ended?.(message.outcome);
  };

  const claim = async (): Promise<Snapshot | undefined> => {
    if (store === undefined) {
      // Nothing remembers the last number: seconds grow from one life of process 0 to the next, and fit into a frame.
      execution = Math.max(execution + 1, Math.floor(clock() / 1000));
      return undefined;
    }
    const found = (await readManifest(store))?.manifest;
    if (found !== undefined) {
      // Refuse before anything is written.
      const resumed = chooseSnapshot(found, fromEpoch);
      if (resumed !== undefined) checkSteps(resumed, options.steps, options.allowDroppedState);
      if (options.keepTopology) topology = { processes: found.topology.processes, threads: options.topology.threads };
    }
    partitions = options.partitions ?? found?.partitions ?? defaultPartitions;
    manifest = await claimExecution(store, {
      flow: options.flowId,
      hash: options.hash,
      partitions,
      topology,
      owner: options.owner,
    });
    execution = manifest.manifest.execution;
    const snapshot = chooseSnapshot(manifest.manifest, fromEpoch);
    dropped = snapshot === undefined ? [] : checkSteps(snapshot, options.steps, options.allowDroppedState);
    return snapshot;
  };

  const everybodyConnected = async (): Promise<void> => {
    for (;;) {
      const missing = participants.filter((process) => !network.connected(process));
      if (missing.length === 0 || leaving === false) return;
      options.onEvent({ kind: "waiting", missing });
      await new Promise<void>((resolve) => (peersChanged = resolve));
    }
  };

  const commit = async (input: CommitInput): Promise<CommitResult> => {
    const prepared = input.sealed.flatMap((sealed) => sealed.prepared);
    const time = new Date(clock()).toISOString();
    if (store === undefined || manifest === undefined) {
      await options.settle(prepared);
      return { time, bytes: 0 };
    }
    const files = input.sealed.flatMap((sealed) => sealed.files);
    const snapshot: Snapshot = {
      epoch: input.epoch,
      execution,
      time,
      steps: [
        ...new Set([
          ...(base?.steps ?? []).filter((step) => options.steps.includes(step)),
          ...input.sealed.flatMap((sealed) => sealed.steps),
        ]),
      ].toSorted(),
      files: [...(upkeep?.files(base?.files ?? []) ?? []), ...files],
      ...(prepared.length === 0 ? {} : { prepared }),
      ...(dropped.length === 0 ? {} : { dropped }),
    };
    const next = input.rescaleTo;
    const own = execution;
    const committed = await commitSnapshot(store, manifest, snapshot, {
      retain: options.retain,
      ...(next === undefined
        ? {}
        : {
            topology: next,
            assignment: assignPartitions(partitions, manifest.manifest.assignment, next.processes * next.threads),
            nextExecution: true,
          }),
    });
    // The answer may come when this execution has ended and the store was claimed anew: what is known of it then is newer.
    if (execution !== own) return { time, bytes: 0 };
    manifest = committed;
    base = snapshot;
    await options.settle(prepared);
    const plan = upkeep?.committed(manifest.manifest, snapshot);
    if (plan !== undefined && next === undefined) broadcast({ kind: "compact", execution, plan });
    return { time, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  };

  const runOnce = async (snapshot: Snapshot | undefined, keep: boolean): Promise<Outcome> => {
    const workers = topology.processes * topology.threads;
    participants = Array.from({ length: topology.processes }, (_, process) => process);
    const assignment = manifest?.manifest.assignment ?? assignPartitions(partitions, undefined, workers);
    await everybodyConnected();
    if (leaving === false) return { kind: "drained", epoch: snapshot?.epoch ?? 0, stay: false };
    const outcome = new Promise<Outcome>((resolve) => (ended = resolve));
    coordinator = createCoordinator({
      execution,
      topology,
      startEpoch: (snapshot?.epoch ?? 0) + 1,
      sources: options.sources,
      listSinks: options.listSinks,
      epochMs: options.epochMs,
      snapshotMs: store === undefined ? undefined : options.snapshotMs,
      ...(options.listEveryMs === undefined ? {} : { listEveryMs: options.listEveryMs }),
      clock,
      broadcast,
      commit,
      wake: options.wake,
    });
    base = snapshot;
    upkeep?.reset(topology.processes);
    options.onEvent({ kind: "claimed", execution, resumedFrom: snapshot?.epoch, topology });
    for (const other of options.others?.() ?? []) if (!participants.includes(other)) network.send(other, { kind: "standby" });
    broadcast({ kind: "prepare", execution, topology, assignment, keep, ...(snapshot === undefined ? {} : { snapshot }) });
    const result = await outcome;
    coordinator = undefined;
    return result;
  };

  const restart = async (error: WeirError): Promise<void> => {
    attempt++;
    if (attempt > attemptsWithoutProgress) throw error;
    options.onEvent({ kind: "restarting", error, attempt });
    if (attempt > 1) await options.sleep(Math.min(100 * 2 ** (attempt - 2), 5000));
  };

  return {
    async run() {
      let keep = false;
      let snapshot: Snapshot | undefined;
      let first = true;
      for (;;) {
        if (!keep) {
          try {
            snapshot = await claim();
          } catch (error) {
            if (first || !mayPass(error)) throw error;
            await restart(error as WeirError);
            continue;
          }
          if (snapshot?.prepared !== undefined) await options.settle(snapshot.prepared as [string, unknown][]);
        }
        first = false;
        const outcome = await runOnce(snapshot, keep);
        keep = false;
        switch (outcome.kind) {
          case "completed":
            await upkeep?.idle();
            return "completed";
          case "drained":
            if (!outcome.stay || leaving !== undefined) {
              await upkeep?.idle();
              return "drained";
            }
            break;
          case "rescaled":
            stalled = {
              from: outcome.from,
              to: outcome.to,
              epoch: outcome.epoch,
              startedAt: rescaling!.startedAt,
              execution: manifest!.manifest.execution,
            };
            topology = outcome.to;
            execution = manifest!.manifest.execution;
            snapshot = base;
            keep = true;
            break;
          default: {
            const error = fromWireError(outcome.error);
            rescaling?.reject(error);
            rescaling = undefined;
            if (!mayPass(error)) throw error;
            await restart(error);
          }
        }
        fromEpoch = undefined;
      }
    },
    handle(process, message) {
      if (message.kind === "compacted") {
        if (message.execution === execution) upkeep?.share(process, message.result);
      } else coordinator?.handle(process, message);
    },
    peerLost(process, error) {
      if (coordinator === undefined || !participants.includes(process)) return;
      coordinator.abort({ kind: "lost", error: toWireError(error) });
    },
    peerUp(process) {
      peersChanged();
      if (coordinator !== undefined && !participants.includes(process)) network.send(process, { kind: "standby" });
    },
    poll() {
      // A drain that was asked for during a rescale, or before the beginning, takes place as soon as it can.
      if (leaving !== undefined && coordinator?.begun === true) coordinator.finish({ kind: "drain", stay: leaving });
      coordinator?.poll();
    },
    nextTime: () => coordinator?.nextTime(),
    frontier(of, epoch) {
      if (of !== execution) return;
      coordinator?.frontier(epoch);
      if (stalled !== undefined && stalled.execution === of && epoch > stalled.epoch + 1) {
        const stallMilliseconds = clock() - stalled.startedAt;
        options.onEvent({ kind: "rescaled", from: stalled.from, to: stalled.to, stallMilliseconds });
        rescaling?.resolve({ execution: of, epoch: stalled.epoch, stallMilliseconds });
        rescaling = undefined;
        stalled = undefined;
      }
    },
    snapshot() {
      if (coordinator === undefined)
        return Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "no snapshot was taken: the flow is not running now"));
      return coordinator.snapshot();
    },
    drain(stay) {
      leaving = stay;
      if (coordinator?.begun === true) coordinator.finish({ kind: "drain", stay });
      else if (ended !== undefined)
        broadcast({ kind: "end", execution, outcome: { kind: "drained", epoch: base?.epoch ?? 0, stay } });
      peersChanged();
    },
    rescale(processes) {
      const refuse = (why: string): Promise<never> =>
        Promise.reject(new WeirError("WEIR_RESCALE_REFUSED", `the flow was not rescaled: ${why}`));
      if (store === undefined)
        return refuse("without a recovery store there is no state to move; restart it with another number of processes");
      if (!Number.isInteger(processes) || processes < 1) return refuse(`${processes} is not a number of processes`);
      if (processes * topology.threads > partitions) return refuse(`there are only ${partitions} partitions`);
      if (rescaling !== undefined || coordinator === undefined || !coordinator.begun) return refuse("another change is running");
      if (processes === topology.processes) return refuse(`it has ${processes} processes already`);
      const missing = Array.from({ length: processes }, (_, process) => process).filter((process) => !network.connected(process));
      if (missing.length > 0) return refuse(`process ${missing.join(", ")} is not there yet`);
      const to: Topology = { processes, threads: topology.threads };
      if (!coordinator.finish({ kind: "rescale", to })) return refuse("the flow is ending");
      return new Promise((resolve, reject) => (rescaling = { to, startedAt: clock(), resolve, reject }));
    },
    get topology() {
      return topology;
    },
  };
}

function mayPass(error: unknown): boolean {
  return isWeirError(error) && (error.code === "WEIR_PEER_LOST" || error.code === "WEIR_STORE_FAILED");
}
