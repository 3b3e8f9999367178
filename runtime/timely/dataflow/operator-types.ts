/**
 * What an operator built inside of Weir works with: the public ports and more. `T` is the time of the operator's scope.
 */
import type { Capability, InputPort, OutputPort, Pact, ProbeHandle, TimelyStream } from "./types.ts";

/** The time of the batch at hand; valid during the callback only. */
export interface MessageCapability<T> {
  readonly time: T;
  /** The right to send on output `output` (default 0) after the callback. */
  retain(output?: number): Capability<T>;
}

/** How records travel from an output to an input. */
export type ChannelPact<D> =
  | Pact<D>
  /** To the worker with this index: within 0 … peers - 1, not reduced. */
  | { readonly kind: "to"; readonly to: (record: D) => number }
  /** A copy to every worker. */
  | { readonly kind: "broadcast" };

export interface OperatorInput<D, T> extends InputPort<D, T> {
  /** As the public one. The array of a batch is shared and must not be changed; it may be kept and given on. */
  forEach(body: (capability: MessageCapability<T>, batch: readonly D[]) => void): void;
  /** Takes one batch; false when none is waiting. An operator that leaves batches waiting slows those that send them. */
  next(body: (capability: MessageCapability<T>, batch: readonly D[]) => void): boolean;
  /** Batches waiting. */
  waiting(): number;
  /** For root scopes: the least time that can still arrive; Infinity when the input has ended. Allocates nothing. */
  frontierTime(): number;
}

export interface OperatorOutput<D, T> extends OutputPort<D, T> {
  /**
   * Sends `records` as they are, as one batch: no copy is made, and the array must not be changed any more. `at` is a capability of
   * this output, the capability of the batch at hand, or, while a batch is at hand, a time at or after it.
   */
  giveBatch(at: Capability<T> | { readonly time: T } | T, records: readonly D[]): void;
}

export interface OperatorInputSpec<D, T> {
  readonly stream: TimelyStream<D, T>;
  readonly pact: ChannelPact<D>;
  /** Records that one record stands for (a chunk of rows); default 1. Counts in `queuedRecords` and in credit. */
  readonly weight?: (record: D) => number;
}

export interface OperatorContext<T> {
  readonly index: number;
  readonly peers: number;
  /** One capability per output at the least time, owned by the operator. Empty with `initial: false`. */
  readonly initial: readonly Capability<T>[];
  /** Schedules the operator in the next step (in this one, if it comes later in it). Callable from anywhere: from promises, too. */
  readonly activate: () => void;
  /** The same, for the operator itself during its run. */
  runAgain(): void;
  /** Schedules the operator once the worker's clock has reached `time`, in milliseconds. */
  activateAt(time: number): void;
  /** Called once, when the dataflow is disposed of before its end or has completed. */
  onShutdown(body: () => void): void;
}

export interface OperatorSpec<T> {
  readonly name: string;
  readonly inputs: readonly OperatorInputSpec<any, T>[];
  readonly outputs: number;
  /** Whether moves of the input frontiers schedule it. Default false: only data, `activate` and `activateAt` do. */
  readonly notify?: boolean;
  /** Whether it starts with capabilities. Default true. False spares the start-up of operators that only answer to input. */
  readonly initial?: boolean;
  /** Whether what arrives at an input may come out at an output. Default: all do. */
  readonly connected?: (input: number, output: number) => boolean;
}

/** A probe of root-scope times, with the frontier as a number. */
export interface TimeProbe<T> extends ProbeHandle<T> {
  /** For root scopes: the least time that may still be seen; Infinity when there is none. */
  frontierTime(): number;
  frontier(): readonly T[];
}
