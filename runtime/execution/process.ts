/**
 * A process of a running flow, as the other processes see it: takes part in the executions that process 0 prepares, stands by
 * when it is in none, and on process 0 leads. It holds no sockets and no threads; a crash is simulated by dropping it.
 */
import type { WeirError } from "../errors/index.ts";
import { WeirError as WeirErrorClass } from "../errors/index.ts";
import type { Snapshot, Store, Topology } from "../recovery/types.ts";
import { createKeyQueries } from "./key-query.ts";
import { createLeader, type Leader, type LeaderEvent, type LeaderOptions } from "./leader.ts";
import { type Committed, type ControlMessage, fromWireError, type Outcome, toWireError } from "./messages.ts";
import type { Network, WorkerPool } from "./network.ts";
import { createParticipation } from "./participation.ts";
import { mayPass } from "./passing.ts";
import type { SnapshotFiles } from "./snapshot-files.ts";

export type Phase = "standby" | "loading" | "running" | "rescaling" | "draining" | "completed" | "failed";

export interface ProcessOptions {
  readonly process: number;
  readonly network: Network;
  readonly pool: WorkerPool;
  readonly store: Store | undefined;
  /** Given with a store. */
  readonly files: SnapshotFiles | undefined;
  /** The present state of a key that this process owns. */
  readonly readState?: (step: string, key: string) => Promise<unknown>;
  /** Given on process 0 only. */
  readonly lead: Omit<LeaderOptions, "network" | "store" | "wake" | "onEvent"> | undefined;
  readonly perBatch: boolean;
  readonly wake: () => void;
  readonly onEvent?: (event: ProcessEvent) => void;
}
export type ProcessEvent = LeaderEvent | { readonly kind: "phase"; readonly phase: Phase } | Committed;

export interface ProcessStatus {
  readonly phase: Phase;
  readonly execution: number;
  readonly topology: Topology;
  readonly epoch: number;
  readonly frontier: number;
  readonly lastSnapshot?: {
    readonly epoch: number;
    readonly time: string;
    readonly bytes: number;
    readonly durationMilliseconds: number;
  };
  readonly lastRescale?: { readonly from: number; readonly to: number; readonly time: string; readonly stallMilliseconds: number };
  readonly error?: WeirError;
}

export interface Process {
  /** Resolves when this process has nothing more to do: the flow completed, or was drained with or without the others. */
  run(): Promise<"completed" | "drained">;
  /** Calls what is due; `nextTime` says when to call again. */
  poll(): void;
  nextTime(): number | undefined;
  /** SIGTERM: a snapshot is taken and this process leaves; the others wait for its return. */
  leave(): void;
  /** Stops the whole flow behind a snapshot (process 0). */
  drain(): Promise<{ epoch: number; bytes: number; durationMilliseconds: number }>;
  snapshot(): Promise<{ epoch: number; bytes: number; durationMilliseconds: number }>;
  rescale(processes: number): Promise<{ execution: number; epoch: number; stallMilliseconds: number }>;
  /** The present state of a key, whichever process owns it; undefined: none. @throws WEIR_EXECUTION_ENDED while the flow does not run */
  readState(step: string, key: string): Promise<unknown>;
  status(): ProcessStatus;
}

export function createProcess(options: ProcessOptions): Process {
  const { network, pool, store, files } = options;
  let phase: Phase = "loading";
  let leaving = false;
  let lastSnapshot: ProcessStatus["lastSnapshot"];
  let lastRescale: ProcessStatus["lastRescale"];
  let failure: WeirError | undefined;
  let finish!: (how: "completed" | "drained") => void;
  let fail!: (error: WeirError) => void;
  const finished = new Promise<"completed" | "drained">((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  finished.catch(() => {});

  const enter = (next: Phase): void => {
    if (phase === next) return;
    phase = next;
    options.onEvent?.({ kind: "phase", phase });
  };

  const leader: Leader | undefined =
    options.lead === undefined
      ? undefined
      : createLeader({
          ...options.lead,
          network,
          store,
          wake: options.wake,
          onCommitted(message) {
            participation.handle(message);
          },
          onEvent(event) {
            if (event.kind === "rescaled") {
              lastRescale = {
                from: event.from.processes,
                to: event.to.processes,
                time: new Date(options.lead!.clock()).toISOString(),
                stallMilliseconds: event.stallMilliseconds,
              };
            }
            options.onEvent?.(event);
          },
        });

  const participation = createParticipation({
    process: options.process,
    pool,
    files,
    perBatch: options.perBatch,
    report: (message) => network.send(0, message),
    onLoading: () => enter("loading"),
    onFrontier: (execution, reached) => leader?.frontier(execution, reached),
  });

  const queries = createKeyQueries(
    network,
    () => (participation.execution === undefined ? undefined : participation.prepare),
    (step, key) => options.readState?.(step, key) ?? Promise.resolve(undefined),
  );

  const readAhead = (snapshot: Snapshot, partitions: readonly number[]): void => {
    const { execution, epoch: reached } = snapshot;
    const done = files?.preload(snapshot, partitions, participation.execution !== undefined);
    void done?.then(() => network.send(0, { kind: "ahead", execution, epoch: reached }));
  };

  const endOutside = (outcome: Outcome): void => {
    if (outcome.kind === "completed") {
      enter("completed");
      finish("completed");
    } else if (outcome.kind === "drained" && !outcome.stay) finish("drained");
  };

  network.onMessage((from, message: ControlMessage) => {
    switch (message.kind) {
      case "prepare":
        if (from === 0 && message.execution > (participation.prepare?.execution ?? -Infinity)) participation.start(message);
        return;
      case "begin":
        if (!participation.handle(message)) return;
        enter("running");
        // Asked to go while the flow was between two executions.
        if (leaving && leader === undefined) network.send(0, { kind: "leave" });
        return;
      case "tick":
        if (message.draining && participation.execution === message.execution) enter("draining");
        participation.handle(message);
        return;
      case "release":
      case "assign":
      case "compact":
        participation.handle(message);
        return;
      case "standby":
        if (participation.execution !== undefined) return;
        enter("standby");
        if (message.outlook !== undefined) readAhead(message.outlook.snapshot, message.outlook.partitions);
        return;
      case "outlook":
        return readAhead(message.snapshot, message.partitions);
      case "askState":
        return queries.asked(from, message);
      case "state":
        return queries.answered(message);
      case "committed": {
        participation.handle(message);
        const { epoch: of, time, bytes, durationMilliseconds } = message;
        lastSnapshot = { epoch: of, time, bytes, durationMilliseconds };
        options.onEvent?.(message);
        return;
      }
      case "end": {
        const { outcome } = message;
        if (participation.execution !== message.execution) {
          // The whole flow is over, and this process stood by or was waiting for its next execution.
          if (participation.execution === undefined && leader === undefined) endOutside(outcome);
          return;
        }
        participation.end(outcome);
        if (leader !== undefined && outcome.kind !== "rescaled") {
          // How it ends for good is said when the leader has come to its end.
          if (outcome.kind !== "completed" && !leaving) enter("loading");
          return;
        }
        switch (outcome.kind) {
          case "completed":
            enter("completed");
            return finish("completed");
          case "drained":
            // It is part of what runs, and waits for the one that left.
            if (outcome.stay && !leaving) return enter("loading");
            return finish("drained");
          case "rescaled":
            if (leaving && options.process >= outcome.to.processes) return finish("drained");
            return enter("rescaling");
          case "failed":
          case "lost": {
            const error = fromWireError(outcome.error);
            if (mayPass(error)) {
              if (leaving) return finish("drained");
              return enter("loading");
            }
            failure = error;
            enter("failed");
            return fail(error);
          }
        }
        return;
      }
      default:
        leader?.handle(from, message);
    }
  });

  network.onPeer((peer, state, error) => {
    if (state === "up") {
      leader?.peerUp(peer);
      // It was away when the flow came to its end.
      if (leader !== undefined && phase === "completed") {
        network.send(peer, { kind: "end", execution: participation.prepare?.execution ?? 0, outcome: { kind: "completed" } });
      }
      return;
    }
    const lost = error ?? new WeirErrorClass("WEIR_PEER_LOST", `process ${peer} went away`);
    leader?.peerLost(peer, lost);
    queries.lost(peer);
    const { execution, prepare } = participation;
    if (leader === undefined && execution !== undefined && peer < prepare!.topology.processes) {
      const outcome: Outcome = { kind: "lost", error: toWireError(lost) };
      // Process 0 may see this peer still: it must end the execution for everybody.
      network.send(0, { kind: "failed", execution, error: outcome.error });
      participation.end(outcome);
      if (leaving) finish("drained");
      else enter("loading");
    }
  });

  return {
    async run() {
      if (leader === undefined) return finished;
      try {
        const how = await leader.run();
        participation.stop();
        enter(how === "completed" ? "completed" : "draining");
        finish(how);
        return how;
      } catch (error) {
        participation.stop();
        failure = error as WeirError;
        enter("failed");
        fail(failure);
        throw error;
      }
    },
    poll: () => leader?.poll(),
    nextTime: () => leader?.nextTime(),
    leave() {
      leaving = true;
      if (leader !== undefined) leader.drain(true);
      else if (participation.execution === undefined || phase === "loading") {
        // Nothing of the flow is here yet, or any more. After a rescale what is kept in memory is in the snapshot too.
        participation.stop();
        finish("drained");
      } else network.send(0, { kind: "leave" });
    },
    async drain() {
      if (leader === undefined) throw new WeirErrorClass("WEIR_EXECUTION_ENDED", "only process 0 drains a flow");
      leader.drain(false);
      await finished;
      // Nothing was committed in this life when the flow had been complete, or had not begun.
      const {
        epoch: last,
        bytes,
        durationMilliseconds,
      } = lastSnapshot ?? {
        epoch: participation.prepare?.snapshot?.epoch ?? 0,
        bytes: 0,
        durationMilliseconds: 0,
      };
      return { epoch: last, bytes, durationMilliseconds };
    },
    snapshot() {
      if (leader === undefined)
        return Promise.reject(new WeirErrorClass("WEIR_EXECUTION_ENDED", "only process 0 takes a snapshot"));
      return leader.snapshot();
    },
    rescale(processes) {
      if (leader === undefined) return Promise.reject(new WeirErrorClass("WEIR_RESCALE_REFUSED", "only process 0 rescales a flow"));
      return leader.rescale(processes);
    },
    readState: queries.read,
    status: () => ({
      phase,
      execution: participation.prepare?.execution ?? 0,
      // Whoever starts the processes must learn of all that the store's topology waits for, before they are there.
      topology: participation.prepare?.topology ?? leader?.topology ?? { processes: 0, threads: 1 },
      epoch: participation.epoch,
      frontier: participation.frontier,
      ...(lastSnapshot === undefined ? {} : { lastSnapshot }),
      ...(lastRescale === undefined ? {} : { lastRescale }),
      ...(failure === undefined ? {} : { error: failure }),
    }),
  };
}
