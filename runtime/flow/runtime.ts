/**
 * What a worker lends to a flow that is lowered onto it: time, routing, kept state, snapshots and failure. `flow` defines the
 * interface and its operators use it; `execution` implements it. Nothing here waits: what takes time completes outside and
 * activates an operator.
 *
 * Epochs. One ticker per execution (on process 0) opens epochs for all workers: a tick closes the current epoch everywhere
 * and says whether closing it takes a snapshot. Sources send at `epochs.current` and downgrade their capability at each
 * tick; so a frontier passes e only after every worker has seen the tick that closed e, and `takesSnapshot(e)` is known by then.
 *
 * Snapshots. Every operator with something to keep records rows tagged with the epoch at whose close they are true. It
 * holds a capability of epoch e until its rows of e are recorded; once the worker's probe passes a snapshot epoch s, the
 * rows with epoch <= s are complete, on all workers. Rows may be recorded at any close (at the end of an input, say), not
 * only at snapshot epochs: they travel with the next snapshot. A row replaces the earlier row of its (step, key).
 */
import type { WeirError } from "../errors/index.ts";
import type { KeyedStates } from "./state/keyed-states.ts";

export interface FlowRuntime {
  /** Which execution this is, for sinks: see `SinkContext`. */
  readonly run?: { readonly flow: string; readonly execution: number };
  /** The timely worker. Its clock, for `activateAt`, is `now`. */
  readonly worker: { readonly index: number; readonly peers: number; congested(): boolean; queuedRecords(): number };
  /** The run's system clock, in milliseconds since the Unix epoch; of windows, `notifyAt` and polling. A test may supply its own. */
  readonly now: () => number;
  /** `now` is not the machine's clock: it may jump or stand still. */
  readonly ownClock?: boolean;
  readonly epochs: EpochClock;
  readonly routing: Routing;
  /** Keyed state of this worker; outlives the dataflow when an execution is followed by another in the same process. */
  readonly states: KeyedStates;
  readonly recorder: Recorder;
  readonly sources: SourceHost;
  readonly sinks: SinkHost;
  /** The first failure ends the execution; operators stop working once it was called. */
  fail(error: WeirError): void;
}

export interface EpochClock {
  /** The epoch that sources are in. */
  readonly current: number;
  /** Called after `current` has grown, or an input was ended, before the next step. */
  onTick(listener: () => void): void;
  /** Whether closing `epoch` takes a snapshot. Known for every epoch before `current`. False without recovery. */
  takesSnapshot(epoch: number): boolean;
  /**
   * The last tick of an execution that stops in order to go on elsewhere (drain, rescale): sources record their positions and
   * drop their capabilities, and no `onEof` is called though frontiers become empty.
   */
  readonly draining: boolean;
  /**
   * With epochs of zero length each batch is its own epoch: a source calls `endBatch()` after a batch that was not empty. That
   * makes `held` true; it becomes false, and the tick listeners are called, when the epoch is finished everywhere (and its
   * snapshot committed). Sources never read while `held`. Without `perBatch` it is always false.
   */
  readonly perBatch: boolean;
  readonly held: boolean;
  endBatch(): void;
}

export interface Routing {
  readonly partitions: number;
  partitionOf(key: string): number;
  /** Index of the worker that owns a partition. */
  workerOf(partition: number): number;
}

export interface Recorder {
  /** False without recovery: nothing needs to be encoded. */
  readonly enabled: boolean;
  /** `value` undefined = the key was removed. The bytes are good during the call. */
  state(step: string, epoch: number, partition: number, key: string, value: Uint8Array | undefined): void;
  /** The position of a source's or sink's part. */
  part(step: string, epoch: number, part: string, value: unknown): void;
  /** What a transactional sink's part has prepared for the snapshot that closes `epoch` or a later one. */
  prepared(step: string, epoch: number, value: unknown): void;
  /** So much of what was recorded waits for the store that who has many rows to record waits for `onRoom`. */
  readonly full: boolean;
  /** Called, outside of a step, whenever `full` has turned false. */
  onRoom(listener: () => void): void;
}

/** Who reads which part: decided on process 0 for all workers. */
export interface SourceHost {
  /**
   * Called once by each input step of this worker while it is lowered; `reader` then receives parts, now and later. The input
   * step builds the one part of a dynamic source itself, under the name `worker-<index>`.
   */
  attach(step: string, reader: SourceReader): void;
  /** A part has ended (its position is recorded when the epoch closes); when all parts of a step have, the input ends. */
  partEnded(step: string, part: string): void;
}
export interface SourceReader {
  /** `appeared`: it has no position because it appeared after the flow had begun. */
  add(part: string, resume: unknown, appeared?: boolean): void;
  /** The snapshot of this epoch is committed. */
  committed?(epoch: number): void;
  /** This input has ended everywhere: record positions, drop the capability (at the tick that follows). */
  end(): void;
  /** Of the parts that tell it by the time that is `enough`. For status. */
  lag(enough: Promise<void>): Promise<ReadonlyMap<string, number>>;
  /** Of the parts that wait for something in vain: for what. For status. */
  troubles(): ReadonlyMap<string, string>;
}

export interface SinkHost {
  /** All parts of a partitioned sink, sorted, fixed for the execution. Part i is written by worker `i % peers`. */
  parts(step: string): readonly string[];
  resume(step: string, part: string): unknown;
}
