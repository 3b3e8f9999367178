/** What a decision is made from, and what it consists of. Plain data, so that a table of cases can state both. */
import type { AutoscaleMemory } from "../autoscale/index.ts";
import type { Dataflow, DataflowStatus } from "../api/index.ts";
import type { Meter } from "./meter.ts";
import type { DataflowRecord, Run } from "./record.ts";

/** What a worker process says in /status (see the contract of the worker's HTTP interface). */
export interface WorkerStatus {
  flow: string;
  process: number;
  phase: "standby" | "loading" | "running" | "rescaling" | "draining" | "completed" | "failed";
  execution: number;
  topology: { processes: number; threads: number };
  /** Absent when everything is complete. */
  epoch?: number;
  lastSnapshot?: { epoch: number; time: string; bytes: number; durationMilliseconds: number };
  lastRescale?: { from: number; to: number; time: string; stallMilliseconds: number };
  busy: number;
  steps: { step: string; kind: string; upstream: string[]; recordsIn: number; recordsOut: number; busySeconds: number }[];
  sources: { step: string; part: string; lag?: number }[];
  memory?: { rssBytes: number; heapUsedBytes: number; queueBytes: number };
  error?: { code: string; message: string; step?: string };
}

export interface ObservedStatefulSet {
  readonly uid: string;
  /** Run id in the annotation of its template. */
  readonly run: string | undefined;
  readonly replicas: number;
  readonly deleting: boolean;
}

export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly ordinal: number;
  readonly run: string | undefined;
  readonly phase: string;
  readonly ip: string | undefined;
  readonly node: string | undefined;
  readonly ready: boolean;
  readonly restarts: number;
  readonly createdAt: number;
  /** When it should be gone (deletion time, which includes its grace); undefined when it is not being deleted. */
  readonly deletingSince: number | undefined;
  /** Why the worker's container waits (CrashLoopBackOff, ImagePullBackOff, …) or the pod is not scheduled, with the message. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** How the worker's container ended last. */
  readonly lastExit: { readonly code: number; readonly at: number; readonly message: string } | undefined;
}

export type CleanupPhase = "absent" | "running" | "succeeded" | "failed";

/** The code of the flow as it is now; undefined when the module is in the image. */
export type ObservedCode = { readonly hash: string; readonly key: string } | { readonly problem: string } | undefined;

export interface State {
  readonly now: number;
  readonly dataflow: Dataflow;
  readonly record: DataflowRecord;
  readonly statefulSet: ObservedStatefulSet | undefined;
  readonly pods: readonly ObservedPod[];
  /** By ordinal; processes that did not answer are absent. */
  readonly workers: ReadonlyMap<number, WorkerStatus>;
  readonly code: ObservedCode;
  /** Of things that the spec refers to and that are not there. */
  readonly missing: readonly string[];
  readonly cleanup: { readonly phase: CleanupPhase; readonly message: string };
  readonly autoscale: AutoscaleMemory;
  readonly meter: Meter;
  /** What the API server said when it refused the children that were last asked for. */
  readonly applyError: string | undefined;
  readonly settings: Settings;
}

export interface Settings {
  readonly runtimeImage: string;
  /** Milliseconds. */
  readonly pollInterval: number;
  readonly progressInterval: number;
  /** A flow that was ready and is not for this long, though its pods run, is restarted. */
  readonly unhealthyAfter: number;
  /** A drain that takes longer than this is given up; the pods then leave by SIGTERM. */
  readonly drainDeadline: number;
  readonly drainAttempts: number;
  /** Deleting the state may take this long; then the resource goes all the same, and an event says so. */
  readonly cleanupDeadline: number;
}

export const defaultSettings: Settings = {
  runtimeImage: "ghcr.io/weir-dev/weir:0.1.0",
  pollInterval: 2000,
  progressInterval: 500,
  unhealthyAfter: 120_000,
  drainDeadline: 60_000,
  drainAttempts: 2,
  cleanupDeadline: 300_000,
};

export interface DecidedEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** In the order in which they are done; the first that fails ends the pass. */
export type Action =
  | { readonly kind: "addFinalizer" }
  | { readonly kind: "removeFinalizer" }
  /** Asks process 0 for a snapshot after which all processes leave. */
  | { readonly kind: "drain"; readonly pod: string }
  | { readonly kind: "rescale"; readonly pod: string; readonly processes: number }
  /** Makes the children what this run with so many pods needs. */
  | { readonly kind: "applyRun"; readonly run: Run; readonly replicas: number; readonly processes: number }
  /** Asks the API server whether it would take this run's StatefulSet, before the old pods are stopped for it. */
  | { readonly kind: "checkRun"; readonly run: Run; readonly replicas: number; readonly processes: number }
  /** Sets only the number of pods and leaves the template alone. */
  | { readonly kind: "scale"; readonly replicas: number }
  | { readonly kind: "deletePod"; readonly pod: string; readonly uid: string; readonly force: boolean }
  | { readonly kind: "startCleanup"; readonly run: Run; readonly stores: readonly string[] }
  | { readonly kind: "deleteCleanup" };

export interface Decision {
  readonly status: DataflowStatus;
  readonly record: DataflowRecord;
  readonly actions: readonly Action[];
  readonly events: readonly DecidedEvent[];
  readonly autoscale: AutoscaleMemory;
  readonly meter: Meter;
  /** Look again after so many milliseconds. */
  readonly requeueAfter: number;
}
