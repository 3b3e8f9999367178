/**
 * A process's part in one execution after the other, and what of its memory goes from one to the next.
 *
 * Invariants: there is at most one participant, that of the execution prepared last, and messages of any other do not reach it;
 * state in memory is kept only from an execution that ended in a rescale to the one right behind it.
 */
import { isWeirError, WeirError } from "../errors/index.ts";
import type { SnapshotWriter } from "../recovery/index.ts";
import {
  type Assign,
  type Begin,
  type Committed,
  type Compact,
  type Outcome,
  type Prepare,
  type Release,
  type Tick,
  type ToCoordinator,
  toWireError,
} from "./messages.ts";
import type { WorkerPool } from "./network.ts";
import { createParticipant, type Kept, type Participant } from "./participant.ts";
import type { SnapshotFiles } from "./snapshot-files.ts";

export interface ParticipationOptions {
  readonly process: number;
  readonly pool: WorkerPool;
  /** Given with a store. */
  readonly files: SnapshotFiles | undefined;
  readonly perBatch: boolean;
  /** To process 0. */
  readonly report: (message: ToCoordinator) => void;
  /** The execution before has been left, and loading begins. */
  readonly onLoading: () => void;
  readonly onFrontier: (execution: number, epoch: number) => void;
}

export interface Participation {
  /** undefined: in none now. */
  readonly execution: number | undefined;
  /** What was said of the execution taken part in now, or last. */
  readonly prepare: Prepare | undefined;
  /** The open epoch, and the one before which all is complete, of that execution. */
  readonly epoch: number;
  readonly frontier: number;
  start(message: Prepare): void;
  /** False: it is not of the execution taken part in, and was passed over. */
  handle(message: Begin | Tick | Release | Assign | Compact | Committed): boolean;
  /** The execution taken part in has ended so. */
  end(outcome: Outcome): void;
  /** Leaves whatever runs, for good or for now. What is kept from a rescale stays. */
  stop(): void;
}

export function createParticipation(options: ParticipationOptions): Participation {
  const { pool, files, report } = options;
  let participant: Participant | undefined;
  let prepare: Prepare | undefined;
  let previous: ({ readonly execution: number } & Kept) | undefined;
  let writer: SnapshotWriter | undefined;
  let epoch = 0;
  let frontier = 0;

  const stop = (keep: boolean): void => {
    participant?.stop(keep);
    participant = undefined;
    const closing = writer;
    writer = undefined;
    void closing?.close();
  };

  return {
    start(message) {
      const { execution } = message;
      const keep = message.keep && previous?.execution === execution - 1;
      stop(keep);
      prepare = message;
      options.onLoading();
      epoch = frontier = (message.snapshot?.epoch ?? 0) + 1;
      writer = files?.writer(execution, message.assignment.length);
      const mine = createParticipant({
        process: options.process,
        prepare: message,
        kept: keep ? previous : undefined,
        pool,
        files,
        writer,
        perBatch: options.perBatch,
        report,
        onFrontier(reached) {
          frontier = reached;
          options.onFrontier(execution, reached);
        },
      });
      participant = mine;
      mine.load().catch((error: unknown) => {
        if (participant !== mine) return;
        const wrapped = isWeirError(error)
          ? error
          : new WeirError("WEIR_STORE_FAILED", `the state could not be loaded: ${String(error)}`, { cause: error });
        report({ kind: "failed", execution, error: toWireError(wrapped) });
      });
    },
    handle(message) {
      if (participant?.execution !== message.execution) return false;
      switch (message.kind) {
        case "begin":
          epoch = message.startEpoch;
          participant.begin(message);
          return true;
        case "tick":
          epoch = message.epoch;
          participant.tick(message);
          return true;
        case "release":
          participant.release(message.epoch);
          return true;
        case "assign":
          participant.assign(message);
          return true;
        case "compact":
          participant.compact(message);
          return true;
        case "committed":
          participant.committed(message);
          return true;
      }
    },
    end(outcome) {
      const rescaled = outcome.kind === "rescaled";
      previous =
        rescaled && participant !== undefined && prepare !== undefined
          ? { execution: prepare.execution, assignment: prepare.assignment, positions: participant.positions }
          : undefined;
      stop(rescaled);
    },
    stop: () => stop(false),
    get execution() {
      return participant?.execution;
    },
    get prepare() {
      return prepare;
    },
    get epoch() {
      return epoch;
    },
    get frontier() {
      return frontier;
    },
  };
}
