import type { CompactionPlan, CompactionResult } from "../recovery/index.ts";
import type { RowBatch, Snapshot, SnapshotFile, Topology } from "../recovery/types.ts";
import { type ErrorCode, WeirError } from "../errors/index.ts";

/** An error as it travels between processes and threads: class and code survive, the user's stack with them. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step?: string;
  readonly stack?: string;
  readonly cause?: { readonly name: string; readonly message: string; readonly stack?: string };
}

/** Within one process the error itself is found again, with the user's own as its cause: class, properties and all. */
const originals = new WeakMap<WireError, WeirError>();

export function toWireError(error: WeirError): WireError {
  const cause = error.cause;
  const wire: WireError = {
    code: error.code,
    message: error.message,
    ...(error.step === undefined ? {} : { step: error.step }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(cause instanceof Error
      ? { cause: { name: cause.name, message: cause.message, ...(cause.stack === undefined ? {} : { stack: cause.stack }) } }
      : {}),
  };
  originals.set(wire, error);
  return wire;
}

export function fromWireError(wire: WireError): WeirError {
  const original = originals.get(wire);
  if (original !== undefined) return original;
  let cause: Error | undefined;
  if (wire.cause !== undefined) {
    cause = new Error(wire.cause.message);
    cause.name = wire.cause.name;
    if (wire.cause.stack !== undefined) cause.stack = wire.cause.stack;
  }
  const error = new WeirError(wire.code, wire.message, { step: wire.step, cause });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

// ------------------------------------------------------------------------------ process 0 → every process

/** What a process must know before it loads: the execution, who runs, and from which snapshot. */
export interface Prepare {
  readonly kind: "prepare";
  readonly execution: number;
  readonly topology: Topology;
  readonly assignment: readonly number[];
  readonly snapshot?: Snapshot;
  /** After a rescale: state of this epoch that is still in memory may be kept. */
  readonly keep: boolean;
}
/** All processes have loaded: build the dataflow and start. */
export interface Begin {
  readonly kind: "begin";
  readonly execution: number;
  readonly startEpoch: number;
  /** Per source step: [part, worker], for every worker. */
  readonly sources: Readonly<Record<string, readonly (readonly [part: string, worker: number])[]>>;
  /** Per partitioned sink: its parts, sorted. */
  readonly sinks: Readonly<Record<string, readonly string[]>>;
}
export interface Tick {
  readonly kind: "tick";
  readonly execution: number;
  /** The epoch that is open from now on; `epoch - 1` is closed. */
  readonly epoch: number;
  readonly snapshot: boolean;
  /** Input steps that end with the epoch that was closed. */
  readonly ended: readonly string[];
  readonly draining: boolean;
}
/** Per-batch epochs only: everything before `epoch` is finished, sources may read again. */
export interface Release {
  readonly kind: "release";
  readonly execution: number;
  readonly epoch: number;
}
export interface Assign {
  readonly kind: "assign";
  readonly execution: number;
  readonly step: string;
  readonly part: string;
  readonly worker: number;
}
/** Where a part of a source or sink stands, encoded. */
export type Position = readonly [step: string, part: string, value: Uint8Array];
export interface Committed {
  readonly kind: "committed";
  readonly execution: number;
  readonly epoch: number;
  readonly time: string;
  readonly bytes: number;
  readonly durationMilliseconds: number;
  /** Positions that this snapshot has changed, of all processes: after a rescale nobody has to look for them in files. */
  readonly positions?: readonly Position[];
}
export type Outcome =
  | { readonly kind: "completed" }
  /** `stay`: one process leaves, the others wait for its return; otherwise all processes stop. */
  | { readonly kind: "drained"; readonly epoch: number; readonly stay: boolean }
  | { readonly kind: "rescaled"; readonly epoch: number; readonly from: Topology; readonly to: Topology }
  | { readonly kind: "failed"; readonly error: WireError }
  | { readonly kind: "lost"; readonly error: WireError };
export interface End {
  readonly kind: "end";
  readonly execution: number;
  readonly outcome: Outcome;
}
/** Compact your partitions' share of these files. */
export interface Compact {
  readonly kind: "compact";
  readonly execution: number;
  readonly plan: CompactionPlan;
}
/** You are in no execution: the flow runs without you for now. */
export interface Standby {
  readonly kind: "standby";
  /** What would be yours if the flow were rescaled to all processes that are here, to fetch ahead. Binds nobody. */
  readonly outlook?: { readonly snapshot: Snapshot; readonly partitions: readonly number[] };
}
/** A rescale is near: read ahead what it will bring you, beside your work if you have any; no partitions: it came to nothing. Binds nobody. */
export interface Outlook {
  readonly kind: "outlook";
  readonly snapshot: Snapshot;
  readonly partitions: readonly number[];
}
export type FromCoordinator = Prepare | Begin | Tick | Release | Assign | Committed | Compact | Standby | Outlook | End;

// ------------------------------------------------------------------------------ every process → process 0

export interface Sealed {
  readonly kind: "sealed";
  readonly execution: number;
  readonly epoch: number;
  readonly files: readonly SnapshotFile[];
  readonly steps: readonly string[];
  readonly prepared: readonly (readonly [step: string, value: unknown])[];
  /** Positions that have changed since the last snapshot. */
  readonly positions?: readonly Position[];
}
export type ToCoordinator =
  | { readonly kind: "loaded"; readonly execution: number }
  | { readonly kind: "partEnded"; readonly execution: number; readonly step: string; readonly part: string }
  /** Records have moved in `epoch`: said once for it by each worker, at the first of them; not with per-batch epochs. */
  | { readonly kind: "active"; readonly execution: number; readonly epoch: number }
  /** A source has sent a batch in `epoch`. */
  | { readonly kind: "endBatch"; readonly execution: number; readonly epoch: number }
  | Sealed
  /** undefined: the share could not be made, the wave is off. */
  | { readonly kind: "compacted"; readonly execution: number; readonly result: CompactionResult | undefined }
  | { readonly kind: "done"; readonly execution: number }
  | { readonly kind: "failed"; readonly execution: number; readonly error: WireError }
  /** This process has read ahead what it can of the snapshot of this epoch. */
  | { readonly kind: "ahead"; readonly execution: number; readonly epoch: number }
  /** This process has been asked to stop: snapshot, and let it go. */
  | { readonly kind: "leave" };

// ------------------------------------------------------------------------------ any process ↔ any process

/** Which state does this key have? Answered by the owner of its partition. */
export interface StateQuestion {
  readonly kind: "askState";
  readonly id: number;
  readonly step: string;
  readonly key: string;
}
export interface StateAnswer {
  readonly kind: "state";
  readonly id: number;
  readonly found: boolean;
  readonly value: unknown;
}

export type ControlMessage = FromCoordinator | ToCoordinator | StateQuestion | StateAnswer;

// ------------------------------------------------------------------------------ process ↔ its workers

export type ToWorker =
  | {
      readonly kind: "prepare";
      readonly execution: number;
      readonly topology: Topology;
      readonly assignment: readonly number[];
      readonly keep: boolean;
    }
  | { readonly kind: "rows"; readonly batch: RowBatch }
  | {
      readonly kind: "begin";
      readonly execution: number;
      readonly startEpoch: number;
      readonly snapshots: boolean;
      readonly perBatch: boolean;
      /** This worker's parts, with their positions (encoded), and whether they have none because they appeared later than the others. */
      readonly sources: Readonly<
        Record<string, readonly (readonly [part: string, position: Uint8Array | undefined, appeared: boolean])[]>
      >;
      readonly sinks: Readonly<Record<string, readonly (readonly [part: string, position: Uint8Array | undefined])[]>>;
    }
  | { readonly kind: "tick"; readonly tick: Tick }
  | { readonly kind: "release"; readonly epoch: number }
  /** Whether so many rows wait to be written that those who record rest. */
  | { readonly kind: "full"; readonly full: boolean }
  /** The snapshot of this epoch is committed. */
  | { readonly kind: "committed"; readonly epoch: number }
  | { readonly kind: "assign"; readonly step: string; readonly part: string; readonly position: Uint8Array | undefined }
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "rows"; readonly batch: RowBatch }
  | {
      readonly kind: "closed";
      readonly epoch: number;
      readonly prepared: readonly (readonly [step: string, value: unknown, epoch: number])[];
    }
  | { readonly kind: "frontier"; readonly epoch: number }
  | { readonly kind: "partEnded"; readonly step: string; readonly part: string }
  | { readonly kind: "active"; readonly epoch: number }
  | { readonly kind: "endBatch"; readonly epoch: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: WeirError };
