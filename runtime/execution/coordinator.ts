/**
 * The coordinator of one execution, on process 0: it opens epochs, decides which of them take a snapshot, notices the end of
 * inputs, and turns sealed snapshots into commits. It is a state machine: messages and the passing of time go in, messages
 * come out; it holds no timer and starts no I/O but `list` and `commit`.
 *
 * Invariants:
 *  - ticks are sent one by one with epochs that grow by one, to all processes in one order;
 *  - an epoch lasts longer than `epochMs` only while nothing has come for some epochs, nothing is under way and nobody waits for its end;
 *  - at most one snapshot is under way; its commit happens after every process has sealed it, and the next one starts after
 *    that commit and the settling of its transactions;
 *  - after the last tick (end of input, drain or rescale) nothing but its snapshot and `end` follows.
 */
import type { Awaitable } from "../flow/index.ts";
import { asWeirError, type WeirError } from "../errors/index.ts";
import { type CoordinatedSource, createInputs } from "./inputs.ts";
import {
  type Begin,
  type FromCoordinator,
  fromWireError,
  type Outcome,
  type Sealed,
  type ToCoordinator,
  toWireError,
} from "./messages.ts";
import type { Topology } from "../recovery/types.ts";

export interface CommitInput {
  readonly epoch: number;
  readonly sealed: readonly Sealed[];
  /** The snapshot that ends this execution by a rescale carries the next topology. */
  readonly rescaleTo?: Topology;
}
export interface CommitResult {
  readonly time: string;
  readonly bytes: number;
}

export interface CoordinatorOptions {
  readonly execution: number;
  readonly topology: Topology;
  readonly startEpoch: number;
  readonly sources: readonly CoordinatedSource[];
  /** Lists the parts of every partitioned sink. */
  readonly listSinks: () => Awaitable<Record<string, readonly string[]>>;
  /** Milliseconds; 0 = every batch is its own epoch. */
  readonly epochMs: number;
  /** Milliseconds between snapshots, 0 = at every epoch, undefined = none. */
  readonly snapshotMs: number | undefined;
  /** How often parts are listed again, in milliseconds. */
  readonly listEveryMs?: number;
  /** Epochs that may be open at once before ticks wait. */
  readonly maxOpenEpochs?: number;
  readonly clock: () => number;
  readonly broadcast: (message: FromCoordinator) => void;
  readonly commit: (input: CommitInput) => Promise<CommitResult>;
  /** Wakes the owner so that it calls `poll` soon. */
  readonly wake: () => void;
}

export interface Coordinator {
  handle(process: number, message: ToCoordinator): void;
  /** This process's probe: everything before `epoch` is finished, on all workers. */
  frontier(epoch: number): void;
  poll(): void;
  /** When `poll` wants to be called next, in milliseconds of the clock. */
  nextTime(): number | undefined;
  snapshot(): Promise<{ epoch: number; bytes: number; durationMilliseconds: number }>;
  /** Asks for the end of the execution behind a snapshot. False when it is ending already. */
  finish(how: Finish): boolean;
  /** Ends the execution here and now; whatever is under way counts no more. */
  abort(outcome: Outcome): void;
  readonly begun: boolean;
  readonly epoch: number;
}

/** After so many epochs in which no record moved, the open one lasts until one does, or for this long, in milliseconds. */
const quietEpochs = 5;
const quietMs = 1000;

interface Waiter {
  resolve(result: { epoch: number; bytes: number; durationMilliseconds: number }): void;
  reject(error: WeirError): void;
}
interface RunningSnapshot {
  readonly epoch: number;
  readonly startedAt: number;
  readonly sealed: Map<number, Sealed>;
  readonly waiters: Waiter[];
  committing: boolean;
}
export type Finish = { readonly kind: "drain"; readonly stay: boolean } | { readonly kind: "rescale"; readonly to: Topology };
type Finishing = { readonly kind: "complete" } | Finish;

export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { execution, topology, clock, broadcast } = options;
  const maxOpenEpochs = options.maxOpenEpochs ?? 8;
  const perBatch = options.epochMs === 0;

  const loaded = new Set<number>();
  const done = new Set<number>();
  let preparing = false;
  let begun = false;
  let over = false;
  let epoch = options.startEpoch;
  let frontier = options.startEpoch;
  /** The last epoch in which records have moved, as far as is known. */
  let activeIn = options.startEpoch;
  let openedAt = 0;
  let lastSnapshotAt = 0;
  let batchEnded = false;
  let held = false;
  let running: RunningSnapshot | undefined;
  let asked: Waiter[] = [];
  let finishing: Finishing | undefined;
  /** The last tick has been sent. */
  let closing = false;

  const end = (outcome: Outcome, error?: WeirError): void => {
    if (over) return;
    over = true;
    const reason = error ?? asWeirError(new Error(`the flow has ${outcome.kind}`), "WEIR_EXECUTION_ENDED", "no snapshot was taken");
    for (const waiter of [...asked, ...(running?.waiters ?? [])]) waiter.reject(reason);
    broadcast({ kind: "end", execution, outcome });
  };
  const fail = (error: WeirError): void => end({ kind: "failed", error: toWireError(error) }, error);

  const inputs = createInputs({
    sources: options.sources,
    workers: topology.processes * topology.threads,
    listEveryMs: options.listEveryMs ?? 5000,
    closed: () => over || closing,
    onAssign: (step, part, worker) => broadcast({ kind: "assign", execution, step, part, worker }),
    onListed: options.wake,
    onFailed: fail,
  });

  const begin = async (): Promise<void> => {
    let listed: Begin["sources"];
    try {
      listed = await inputs.open();
    } catch (error) {
      return fail(error as WeirError);
    }
    let sinks: Record<string, readonly string[]>;
    try {
      sinks = await options.listSinks();
    } catch (error) {
      return fail(asWeirError(error, "WEIR_SINK_FAILED", "the parts of a sink could not be listed"));
    }
    if (over) return;
    begun = true;
    openedAt = lastSnapshotAt = clock();
    inputs.begin(openedAt);
    broadcast({ kind: "begin", execution, startEpoch: epoch, sources: listed, sinks });
    options.wake();
  };

  const tick = (snapshot: boolean, draining: boolean): void => {
    const now = clock();
    const ended = inputs.takeEnding();
    if (snapshot) {
      running = { epoch, startedAt: now, sealed: new Map(), waiters: asked, committing: false };
      asked = [];
      lastSnapshotAt = now;
    }
    epoch++;
    openedAt = now;
    batchEnded = false;
    held = perBatch;
    broadcast({ kind: "tick", execution, epoch, snapshot, ended, draining });
  };

  const commit = async (snapshot: RunningSnapshot): Promise<void> => {
    snapshot.committing = true;
    try {
      const result = await options.commit({
        epoch: snapshot.epoch,
        sealed: [...snapshot.sealed.values()],
        ...(closing && finishing?.kind === "rescale" ? { rescaleTo: finishing.to } : {}),
      });
      if (over) return;
      const durationMilliseconds = clock() - snapshot.startedAt;
      const positions = [...snapshot.sealed.values()].flatMap((sealed) => sealed.positions ?? []);
      broadcast({ kind: "committed", execution, epoch: snapshot.epoch, ...result, durationMilliseconds, positions });
      for (const waiter of snapshot.waiters) waiter.resolve({ epoch: snapshot.epoch, bytes: result.bytes, durationMilliseconds });
      running = undefined;
      options.wake();
      if (closing) endAsPlanned(snapshot.epoch);
    } catch (error) {
      fail(asWeirError(error, "WEIR_STORE_FAILED", `the snapshot of epoch ${snapshot.epoch} could not be committed`));
    }
  };

  const endAsPlanned = (last: number): void => {
    if (finishing?.kind === "rescale") end({ kind: "rescaled", epoch: last, from: topology, to: finishing.to });
    else if (finishing?.kind === "drain") end({ kind: "drained", epoch: last, stay: finishing.stay });
    else end({ kind: "completed" });
  };

  /** When the open epoch is closed though nobody asks for it, in milliseconds of the clock. */
  const closesAt = (): number => {
    if (epoch - frontier >= maxOpenEpochs) return Infinity;
    const soonest = openedAt + options.epochMs;
    if (epoch - activeIn <= quietEpochs || frontier < epoch) return soonest;
    const snapshotAt = options.snapshotMs === undefined || running !== undefined ? Infinity : lastSnapshotAt + options.snapshotMs;
    return Math.max(soonest, Math.min(openedAt + quietMs, snapshotAt));
  };

  const poll = (): void => {
    if (over || !begun || closing) return;
    const now = clock();
    inputs.poll(now);
    if (running !== undefined && options.snapshotMs === 0) return;
    if (inputs.allEnded && finishing === undefined) finishing = { kind: "complete" };
    if (finishing !== undefined) {
      if (running !== undefined) return;
      closing = true;
      tick(options.snapshotMs !== undefined, finishing.kind !== "complete");
      return;
    }
    const wanted = asked.length > 0 && running === undefined;
    const snapshotDue =
      wanted || (options.snapshotMs !== undefined && running === undefined && now - lastSnapshotAt >= options.snapshotMs);
    if (perBatch) {
      if ((batchEnded && !held) || inputs.ending || wanted) tick(snapshotDue, false);
      return;
    }
    if (now >= closesAt() || inputs.ending || wanted) tick(snapshotDue, false);
  };

  const release = (): void => {
    if (!held || frontier < epoch || running !== undefined) return;
    held = false;
    broadcast({ kind: "release", execution, epoch });
  };

  return {
    handle(process, message) {
      if (over) return;
      if (message.kind === "leave") {
        this.finish({ kind: "drain", stay: true });
        return;
      }
      if (message.execution !== execution) return;
      switch (message.kind) {
        case "loaded":
          loaded.add(process);
          if (loaded.size === topology.processes && !preparing) {
            preparing = true;
            void begin();
          }
          return;
        case "partEnded":
          if (inputs.partEnded(message.step, message.part)) poll();
          return;
        case "active":
          if (message.epoch <= activeIn) return;
          activeIn = message.epoch;
          poll();
          return;
        case "endBatch":
          // Batches of several workers share an epoch when they were sent before its tick.
          if (message.epoch < epoch) return;
          batchEnded = true;
          poll();
          return;
        case "sealed":
          if (running === undefined || running.epoch !== message.epoch) return;
          running.sealed.set(process, message);
          if (running.sealed.size === topology.processes && !running.committing) {
            void commit(running).then(() => {
              release();
              poll();
            });
          }
          return;
        case "done":
          done.add(process);
          if (done.size === topology.processes && options.snapshotMs === undefined && closing) endAsPlanned(epoch - 1);
          return;
        case "failed":
          fail(fromWireError(message.error));
      }
    },
    frontier(reached) {
      if (reached > frontier) {
        frontier = reached;
        release();
        poll();
      }
    },
    poll,
    nextTime() {
      if (over || !begun || closing) return undefined;
      if (running !== undefined && options.snapshotMs === 0) return undefined;
      const listAt = inputs.nextTime();
      if (perBatch) return Number.isFinite(listAt) ? listAt : undefined;
      const next = Math.min(listAt, closesAt());
      return Number.isFinite(next) ? next : undefined;
    },
    snapshot() {
      return new Promise((resolve, reject) => {
        const waiter: Waiter = { resolve, reject };
        if (over || closing || !begun || options.snapshotMs === undefined) {
          waiter.reject(
            asWeirError(
              new Error(options.snapshotMs === undefined ? "the flow has no recovery store" : "the execution is not running"),
              "WEIR_EXECUTION_ENDED",
              "no snapshot was taken",
            ),
          );
          return;
        }
        asked.push(waiter);
        poll();
      });
    },
    finish(how) {
      if (over || closing || finishing !== undefined || !begun) return false;
      finishing = how;
      poll();
      return true;
    },
    abort: (outcome) => end(outcome),
    get begun() {
      return begun;
    },
    get epoch() {
      return epoch;
    },
  };
}
