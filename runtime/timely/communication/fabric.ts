/**
 * The fabric: how workers reach each other. A worker sees only this interface, so that the same worker runs in one thread,
 * over rings of shared memory and over WebSockets. Everything here is synchronous and never blocks; transports do their
 * waiting outside the worker's step.
 *
 * Promises, for every implementation (one contract suite checks them):
 *  1. FIFO and exactly once per (sender, receiver) pair, data and progress in one order;
 *  2. what is sent to oneself comes back through `receive` too, in the same order;
 *  3. credit: `congested()` is true while this worker has more than its window outstanding (sent and not yet `consumed`)
 *     at any receiver. It gates sources, never `send`, so that no cycle can lock up;
 *  4. a transport that fails ends the execution through `onFailure`, once; nothing is sent or delivered after it.
 */

/** A logical time as it travels: an epoch, or nested [outer, inner] pairs. */
export type WireTime = number | readonly [outer: WireTime, inner: number];

/** Records of one channel at one time. */
export interface DataMessage {
  readonly kind: "data";
  readonly dataflow: number;
  readonly channel: number;
  readonly time: WireTime;
  /** Never changed by sender or receiver once sent: in one thread both see the same array. */
  readonly records: readonly unknown[];
  /** Records that the message stands for, where one record is a chunk of many; absent = `records.length`. Does not travel: transports count bytes. */
  readonly weight?: number;
}

/** One atomic batch of pointstamp changes of one worker, broadcast to all. `changes` is flat: location, time, difference, … */
export interface ProgressMessage {
  readonly kind: "progress";
  readonly dataflow: number;
  readonly changes: readonly (number | WireTime)[];
}

export type Message = DataMessage | ProgressMessage;

export interface Fabric {
  /** This worker's index among `peers` workers. */
  readonly index: number;
  readonly peers: number;
  send(target: number, message: Message): void;
  /**
   * As `send` of a data message whose records are `count` integers of `values` from `from` on, which the caller may use again.
   * Absent where messages are handed over as they are.
   */
  sendIntegers?(
    target: number,
    dataflow: number,
    channel: number,
    time: number,
    values: Int32Array,
    from: number,
    count: number,
  ): void;
  /** The same message to every worker, this one included. */
  broadcast(message: Message): void;
  /**
   * Hands over what has arrived. `weight` is what the message counts against its sender's credit (0 for progress); the
   * worker gives it back with `consumed` when an operator has taken the records. Returns whether anything was delivered.
   */
  receive(deliver: (message: Message, from: number, weight: number) => void): boolean;
  /**
   * Waits a few microseconds, in which nothing else of this thread runs, for something to `receive`; says whether there is.
   * For transports that another thread feeds; absent where the event loop has to have its turn before anything can come.
   */
  linger?(): boolean;
  consumed(from: number, weight: number): void;
  /** Hands what was queued to the transport. Called once at the end of each step. */
  flush(): void;
  congested(): boolean;
  /** Bytes (or records, in one thread) sent and not yet consumed, all receivers together. */
  outstanding(): number;
  /** `wake` is called (any number of times, outside of a step) when `receive` has something or `congested` has ended. */
  onArrival(wake: () => void): void;
  onFailure(fail: (error: Error) => void): void;
  close(): void;
}
