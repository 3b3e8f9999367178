/**
 * What the controller must remember beyond what it can observe: which run is wanted, what last worked, and what is under way. It
 * is kept in a ConfigMap and written before anything is done about it, so that a controller which dies at any point is
 * followed by one that does the same things again. Times are milliseconds since the Unix epoch.
 */
import type { ResolvedSpec } from "../api/index.ts";

/** Everything a run's pods are made from. Two revisions with one hash make the same pods. */
export interface Revision {
  readonly hash: string;
  /** Without the text of inline code, which `code` names. */
  readonly spec: ResolvedSpec;
  /** Hash of the module's text and the file name it is mounted under; undefined when the module is in the image. */
  readonly code?: { readonly hash: string; readonly key: string };
  /** Where this revision keeps its state: spec.recovery.store, or a folder in it after a stateless upgrade. */
  readonly store?: string;
}

/** One start of the workers. Its id is on the pods, so that pods of another run are told apart. */
export interface Run {
  readonly number: number;
  readonly revision: Revision;
  /** Go back to this snapshot at the start. */
  readonly restore?: { readonly epoch: number; readonly store?: string };
  /** When its pods were first asked for. */
  readonly startedAt?: number;
  /** When all its workers were ready for the first time. */
  readonly readyAt?: number;
}

export function runId(run: Run): string {
  return `${run.revision.hash}-${run.number}`;
}

export type OperationKind = "Start" | "Upgrade" | "Rollback" | "Restart" | "Restore" | "Resume" | "Suspend" | "Rescale";

export interface Operation {
  readonly kind: OperationKind;
  readonly startedAt: number;
  /** One word: why. */
  readonly reason: string;
  /** Requests for a drain, or for a rescale, that were sent. */
  readonly attempts: number;
  /** Not to be tried again before this time. */
  readonly retryAt?: number;
  /** What the last attempt answered, when it failed. */
  readonly error?: string;
  /** Of a rescale. */
  readonly from?: number;
  readonly to?: number;
}

export interface DataflowRecord {
  readonly run?: Run;
  /** The last revision whose workers were all ready. */
  readonly stable?: Revision;
  /** A revision that was given up; it is not tried again until the spec changes. */
  readonly failed?: { readonly hash: string; readonly message: string };
  readonly operation?: Operation;
  /** The run whose bounded input was read to its end. */
  readonly completed?: { readonly run: string; readonly at: number; readonly processes: number };
  /** Last known number of processes in the topology: what a start begins with. */
  readonly processes: number;
  /** Number of workers wanted, and the spec.workers it was derived from. */
  readonly target: number;
  readonly targetReason: string;
  readonly seenWorkers: number;
  readonly seenRestartNonce?: number;
  readonly seenRestore?: string;
  /** Restarts of flows that were not ready for too long. */
  readonly unhealthy?: { readonly restarts: number; readonly lastAt: number };
  /** A rescale that did not help or could not be done is not tried again before this time. */
  readonly rescaleHoldUntil?: number;
  /** All stores ever used, for deletion. */
  readonly stores: readonly string[];
  /** Of a deletion: when the state's removal began, and how often it was tried. */
  readonly deletion?: {
    readonly startedAt: number;
    readonly attempts: number;
    readonly cleanupStartedAt?: number;
    readonly retryAt?: number;
  };
}

export const emptyRecord: DataflowRecord = { processes: 0, target: 0, targetReason: "SpecChanged", seenWorkers: 0, stores: [] };
