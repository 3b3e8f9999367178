/**
 * What process 0 does from one execution to the next: own the store, say who runs and from which snapshot, drive the
 * coordinator, commit, and decide what follows the end of an execution.
 *
 *   claim ─▶ wait for all processes ─▶ prepare ─▶ (all loaded) ─▶ begin … end ─┬─ completed, drained for good, failed: stop
 *     ▲                                   ▲                                   ├─ rescaled: the manifest has the next execution
 *     │                                   └───────────────────────────────────┘
 *     └──────────────── peer lost, store failed (with back-off), one process left ──────────────┘
 */
import { asWeirError, isWeirError, WeirError } from "../errors/index.ts";
import type { DroppedStep, Snapshot, Store, Topology, VersionedManifest } from "../recovery/types.ts";
import { assignPartitions, commitSnapshot } from "../recovery/index.ts";
import { claimStore, type Restore } from "./claim.ts";
import { type CommitInput, type CommitResult, type CoordinatedSource, type Coordinator, createCoordinator } from "./coordinator.ts";
import { type Committed, type FromCoordinator, fromWireError, type Outcome, type ToCoordinator, toWireError } from "./messages.ts";
import type { Network } from "./network.ts";
import { mayPass } from "./passing.ts";
import { partitionsOf } from "./snapshot-files.ts";
import { createUnsettled } from "./unsettled.ts";
import { createUpkeep } from "./upkeep.ts";

export interface LeaderOptions {
  readonly flowId: string;
  /** Ids of the steps that keep state or positions. */
  readonly steps: readonly string[];
  readonly sources: readonly CoordinatedSource[];
  readonly listSinks: () => Promise<Record<string, readonly string[]>>;
  /** Makes what a transactional sink prepared visible; called again after a resume. */
  readonly settle: (prepared: readonly (readonly [step: string, value: unknown])[]) => Promise<void>;
  /** Gives up what a transactional sink prepared and no commit will ever name. */
  readonly abandon: (prepared: readonly (readonly [step: string, value: unknown])[]) => Promise<void>;
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
  /** Go back to an earlier snapshot, or to that of another store. */
  readonly restore?: Restore | undefined;
  readonly allowDroppedState: boolean;
  readonly owner: string;
  readonly epochMs: number;
  readonly snapshotMs: number;
  /** A rescale takes a snapshot first when the last one is at least this old, in milliseconds; default 1000. */
  readonly approachMs?: number | undefined;
  readonly listEveryMs?: number | undefined;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly wake: () => void;
  readonly onEvent: (event: LeaderEvent) => void;
  /** At once, for the process beside the leader: its own message may come when the last commit has ended everything. */
  readonly onCommitted?: (message: Committed) => void;
}

export type LeaderEvent =
  | { readonly kind: "claimed"; readonly execution: number; readonly resumedFrom: number | undefined; readonly topology: Topology }
  | { readonly kind: "waiting"; readonly missing: readonly number[] }
  | { readonly kind: "restarting"; readonly error: WeirError; readonly attempt: number }
  /** Something that the flow does without went wrong. */
  | { readonly kind: "trouble"; readonly error: WeirError }
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

interface Rescaling {
  readonly to: Topology;
  /** When the last tick was sent, from which on nothing comes out. */
  startedAt: number;
  resolve(result: { execution: number; epoch: number; stallMilliseconds: number }): void;
  reject(error: WeirError): void;
}
/** A rescale that is committed, and no epoch of the new topology is complete yet. */
interface Stall {
  readonly from: Topology;
  readonly to: Topology;
  readonly epoch: number;
  readonly startedAt: number;
  readonly execution: number;
}

/** Of a store that is new, unless the flow's owner asks for another number. */
export const defaultPartitions = 128;

/**
 * A rescale takes a snapshot first when the last one is older than this, in milliseconds, while the flow goes on: the one for which it
 * stands still then has little to say. Those that stand by are given a while to read it.
 */
const defaultApproachMs = 1000;
const aheadMs = 5000;

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
  /** Until a commit has fulfilled it. */
  let restore = options.restore;
  let restoring = false;
  const unsettled = createUnsettled();
  /** Processes that are connected, in the topology or not. */
  const present = new Set<number>();
  const upkeep =
    store === undefined
      ? undefined
      : createUpkeep(store, options.retain, ({ error }) => {
          if (error !== undefined) options.onEvent({ kind: "trouble", error });
        });
  let rescaling: Rescaling | undefined;
  /** When the last snapshot was committed, or the execution began. */
  let savedAt = 0;
  /** Up to which epoch those who stand by have read ahead. */
  const ahead = new Map<number, number>();
  let onAhead: () => void = () => {};
  let stalled: Stall | undefined;

  const broadcast = (message: FromCoordinator): void => {
    for (const process of participants) network.send(process, message);
    if (message.kind === "committed") {
      attempt = 0;
      options.onCommitted?.(message);
    }
    if (message.kind === "end") ended?.(message.outcome);
  };

  const claim = async (): Promise<Snapshot | undefined> => {
    if (store === undefined) {
      // Nothing remembers the last number: seconds grow from one life of process 0 to the next, and fit into a frame.
      execution = Math.max(execution + 1, Math.floor(clock() / 1000));
      return undefined;
    }
    const claimed = await claimStore(store, {
      flow: options.flowId,
      hash: options.hash,
      steps: options.steps,
      partitions: options.partitions,
      topology,
      keepTopology: options.keepTopology,
      allowDroppedState: options.allowDroppedState,
      owner: options.owner,
      restore,
    });
    ({ manifest, dropped, restoring } = claimed);
    ({ topology, partitions, execution } = manifest.manifest);
    const given = unsettled.takeVoid(manifest.manifest);
    // The sink's side will forget it by itself some day: no reason to keep the flow from running.
    await options.abandon(given).catch((error: unknown) =>
      options.onEvent({
        kind: "trouble",
        error: asWeirError(error, "WEIR_SINK_FAILED", "what was prepared could not be aborted"),
      }),
    );
    return claimed.snapshot;
  };

  const everybodyConnected = async (): Promise<void> => {
    for (;;) {
      const missing = participants.filter((process) => !network.connected(process));
      if (missing.length === 0 || leaving !== undefined) return;
      options.onEvent({ kind: "waiting", missing });
      await new Promise<void>((resolve) => (peersChanged = resolve));
    }
  };

  /** To those who stand by: that they do, and what would be theirs if the flow were rescaled to all who are here. */
  const offerOutlook = (only?: number): void => {
    const outside = [...present].filter((process) => !participants.includes(process));
    if (outside.length === 0) return;
    const { threads } = topology;
    const processes = Math.max(topology.processes - 1, ...outside) + 1;
    const table =
      manifest === undefined || base === undefined || processes * threads > partitions
        ? undefined
        : assignPartitions(partitions, manifest.manifest.assignment, processes * threads);
    for (const process of only === undefined ? outside : [only]) {
      const outlook = table && base && { snapshot: base, partitions: partitionsOf(table, process, threads) };
      network.send(process, outlook === undefined ? { kind: "standby" } : { kind: "standby", outlook });
    }
  };

  /** The flow is over for those too who are in no execution now. */
  const tellOthers = (outcome: Outcome): void => {
    for (const process of present) network.send(process, { kind: "end", execution, outcome });
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
      ...(restoring ? { restored: restore?.id } : {}),
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
    savedAt = clock();
    if (restoring) restore = undefined;
    restoring = false;
    unsettled.committed(own, input.epoch);
    await options.settle(prepared);
    if (next === undefined) offerOutlook();
    const plan = upkeep?.committed(manifest.manifest, snapshot);
    if (plan !== undefined && next === undefined) broadcast({ kind: "compact", execution, plan });
    return { time, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  };

  const runOnce = async (snapshot: Snapshot | undefined, keep: boolean): Promise<Outcome> => {
    const workers = topology.processes * topology.threads;
    participants = Array.from({ length: topology.processes }, (_, process) => process);
    const assignment = manifest?.manifest.assignment ?? assignPartitions(partitions, undefined, workers);
    await everybodyConnected();
    if (leaving !== undefined) return { kind: "drained", epoch: snapshot?.epoch ?? 0, stay: leaving };
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
    savedAt = clock();
    upkeep?.reset(topology.processes);
    options.onEvent({ kind: "claimed", execution, resumedFrom: snapshot?.epoch, topology });
    offerOutlook();
    broadcast({ kind: "prepare", execution, topology, assignment, keep, ...(snapshot === undefined ? {} : { snapshot }) });
    const result = await outcome;
    coordinator = undefined;
    return result;
  };

  const missingOf = (processes: number): number[] =>
    Array.from({ length: processes }, (_, process) => process).filter((process) => !network.connected(process));

  /** Has those who will gain partitions read the newest snapshot; resolves when they have, or have had time enough for it. */
  const readAhead = async (to: Topology): Promise<void> => {
    if (manifest === undefined || base === undefined) return;
    const snapshot = base;
    const now = manifest.manifest.assignment;
    const next = assignPartitions(partitions, now, to.processes * to.threads);
    const gaining: number[] = [];
    for (let process = 0; process < to.processes; process++) {
      const had = new Set(partitionsOf(now, process, topology.threads));
      const gained = partitionsOf(next, process, to.threads).filter((partition) => !had.has(partition));
      if (gained.length === 0) continue;
      gaining.push(process);
      network.send(process, { kind: "outlook", snapshot, partitions: gained });
    }
    let late = false;
    const here = (process: number): boolean => process === network.process || present.has(process);
    const behind = (): boolean => gaining.some((process) => here(process) && (ahead.get(process) ?? -1) < snapshot.epoch);
    const timer = behind() ? options.sleep(aheadMs).then(() => (late = true)) : undefined;
    while (!late && behind()) await Promise.race([timer, new Promise<void>((resolve) => (onAhead = resolve))]);
  };

  /** The last tick of this execution, once a snapshot taken while the flow goes on leaves it little to say. */
  const approach = async (own: Coordinator, mine: Rescaling): Promise<void> => {
    await own.snapshot();
    await readAhead(mine.to);
    // Whatever has ended the execution meanwhile has told whoever asked.
    if (coordinator !== own || rescaling !== mine) return;
    const missing = missingOf(mine.to.processes);
    mine.startedAt = clock();
    if (missing.length === 0 && own.finish({ kind: "rescale", to: mine.to })) return;
    rescaling = undefined;
    for (const process of participants) network.send(process, { kind: "outlook", snapshot: base!, partitions: [] });
    const why = missing.length > 0 ? `process ${missing.join(", ")} went away` : "it is ending";
    mine.reject(new WeirError("WEIR_RESCALE_REFUSED", `the flow was not rescaled: ${why}`));
  };

  /** The rescale that is under way, if any, comes to nothing more than it is now. */
  const endRescale = (error?: WeirError): void => {
    const waiting = rescaling;
    rescaling = undefined;
    if (stalled !== undefined && error === undefined) reportRescale(stalled, waiting);
    else waiting?.reject(error ?? new WeirError("WEIR_RESCALE_REFUSED", "the flow ended before it was rescaled"));
    stalled = undefined;
  };
  const reportRescale = ({ from, to, epoch, startedAt }: Stall, waiting: Rescaling | undefined): void => {
    const stallMilliseconds = clock() - startedAt;
    options.onEvent({ kind: "rescaled", from, to, stallMilliseconds });
    waiting?.resolve({ execution, epoch, stallMilliseconds });
  };

  /** Without a store there is no snapshot: what a sink has not made durable cannot be made again without making all of it again. */
  const passes = (error: WeirError): boolean => mayPass(error) && (store !== undefined || error.code !== "WEIR_SINK_INTERRUPTED");

  const restart = async (error: WeirError): Promise<void> => {
    attempt++;
    if (attempt > attemptsWithoutProgress) {
      endRescale(error);
      throw error;
    }
    options.onEvent({ kind: "restarting", error, attempt });
    if (attempt > 1) await options.sleep(Math.min(100 * 2 ** (attempt - 2), 5000));
  };

  return {
    async run() {
      let keep = false;
      let snapshot: Snapshot | undefined;
      let first = true;
      for (;;) {
        // Whoever was asked to go does not take the store over once more.
        if (!first && !keep && leaving !== undefined) return "drained";
        if (!keep) {
          try {
            snapshot = await claim();
            if (snapshot?.prepared !== undefined) await options.settle(snapshot.prepared as [string, unknown][]);
          } catch (error) {
            if (first || !isWeirError(error) || !passes(error)) throw error;
            await restart(error);
            continue;
          }
        }
        first = false;
        const outcome = await runOnce(snapshot, keep);
        keep = false;
        switch (outcome.kind) {
          case "completed":
            endRescale();
            tellOthers(outcome);
            await upkeep?.idle();
            return "completed";
          case "drained":
            endRescale();
            if (!outcome.stay || leaving !== undefined) {
              if (!outcome.stay) tellOthers(outcome);
              await upkeep?.idle();
              return "drained";
            }
            break;
          case "rescaled":
            topology = outcome.to;
            execution = manifest!.manifest.execution;
            stalled = { from: outcome.from, to: outcome.to, epoch: outcome.epoch, startedAt: rescaling!.startedAt, execution };
            snapshot = base;
            keep = true;
            break;
          default: {
            const error = fromWireError(outcome.error);
            // What the commit has made the truth stays so, and is reported once it runs.
            if (stalled === undefined) endRescale(error);
            if (passes(error)) await restart(error);
            else throw error;
          }
        }
      }
    },
    handle(process, message) {
      if (message.kind === "compacted") {
        if (message.execution === execution) upkeep?.share(process, message.result);
        return;
      }
      if (message.kind === "ahead") {
        ahead.set(process, message.epoch);
        return onAhead();
      }
      if (message.kind === "sealed") unsettled.add(message);
      coordinator?.handle(process, message);
    },
    peerLost(process, error) {
      present.delete(process);
      ahead.delete(process);
      onAhead();
      if (coordinator === undefined || !participants.includes(process)) return;
      coordinator.abort({ kind: "lost", error: toWireError(error) });
    },
    peerUp(process) {
      present.add(process);
      peersChanged();
      if (coordinator !== undefined && !participants.includes(process)) offerOutlook(process);
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
      if (stalled !== undefined && of >= stalled.execution && epoch > stalled.epoch + 1) endRescale();
    },
    snapshot() {
      if (coordinator === undefined)
        return Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "no snapshot was taken: the flow is not running now"));
      return coordinator.snapshot();
    },
    drain(stay) {
      leaving = stay;
      if (coordinator?.begun === true) coordinator.finish({ kind: "drain", stay });
      else coordinator?.abort({ kind: "drained", epoch: base?.epoch ?? 0, stay });
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
      const missing = missingOf(processes);
      if (missing.length > 0) return refuse(`process ${missing.join(", ")} is not there yet`);
      const to: Topology = { processes, threads: topology.threads };
      const own = coordinator;
      const fresh = clock() - savedAt < (options.approachMs ?? defaultApproachMs);
      if (fresh && !own.finish({ kind: "rescale", to })) return refuse("the flow is ending");
      return new Promise((resolve, reject) => {
        rescaling = { to, startedAt: clock(), resolve, reject };
        // It fails with the execution, which says so itself.
        if (!fresh) approach(own, rescaling).catch(() => undefined);
      });
    },
    get topology() {
      return topology;
    },
  };
}
