// The declarations of `weir/timely` that programs outside of this repository are compiled against. They do not change; the test
// next to this file checks that the implementation is exactly of these types.
declare module "weir-contract/timely" {
  // Timely dataflow with its own names; these declarations are fixed: programs are compiled against them.
  export type Time = number;
  export type Summary = number | readonly [outer: Summary, inner: number];
  export interface Worker {
    readonly index: number;
    readonly peers: number;
    dataflow<R>(build: (scope: Scope<number>) => R): R;
    /** One round of scheduling; true while anything may still happen. */
    step(): boolean;
    /** Steps, letting the other workers of this thread run, until `condition` is false. */
    stepWhile(condition: () => boolean): Promise<void>;
  }
  /** Runs `body` on every worker, interleaved on this thread. Resolves when all dataflows are complete. */
  export function execute<R>(options: { workers?: number }, body: (worker: Worker) => Promise<R> | R): Promise<R[]>;

  export interface Scope<T> {
    readonly index: number;
    readonly peers: number;
    newInput<D>(): [InputHandle<D, T>, TimelyStream<D, T>];
    /** `summary` is added to the time on the way round and must advance it: 1 for a number, [0, 1] for the inner time of a nested scope. */
    feedback<D>(summary: Summary): [FeedbackHandle<D, T>, TimelyStream<D, T>];
    /** A nested scope with times [outer, inner]. */
    iterative<R>(build: (scope: Scope<readonly [T, number]>) => R): R;
    concatenate<D>(...streams: TimelyStream<D, T>[]): TimelyStream<D, T>;
  }
  export interface InputHandle<D, T> {
    send(item: D): void;
    sendBatch(items: readonly D[]): void;
    /** Throws when `time` is before the current one. */
    advanceTo(time: T): void;
    time(): T;
    flush(): void;
    close(): void;
  }
  export interface FeedbackHandle<D, T> {
    connect(stream: TimelyStream<D, T>): void;
  }
  export interface ProbeHandle<T> {
    lessThan(time: T): boolean;
    lessEqual(time: T): boolean;
    done(): boolean;
  }
  /** `build` callbacks own the initial capability, and whoever asked for a notification owns the capability that comes with it: each is dropped by its owner (twice is harmless). */
  export interface Capability<T> {
    readonly time: T;
    /** Throws unless `time` is at or after this one's. */
    delayed(time: T): Capability<T>;
    downgrade(time: T): void;
    clone(): Capability<T>;
    drop(): void;
  }
  export interface OutputSession<D> {
    give(item: D): void;
    giveBatch(items: readonly D[]): void;
  }
  export interface InputPort<D, T> {
    /** Calls `body` for each batch that has arrived; keep the capability with `retain`. */
    forEach(body: (capability: { readonly time: T; retain(): Capability<T> }, batch: readonly D[]) => void): void;
    /** The times of the frontier: nothing before them can still arrive. */
    frontier(): readonly T[];
  }
  export interface OutputPort<D, T> {
    session(capability: Capability<T> | { readonly time: T }, body: (session: OutputSession<D>) => void): void;
  }
  export type Pact<D> = { readonly kind: "pipeline" } | { readonly kind: "exchange"; readonly route: (item: D) => number };
  export const pipeline: Pact<any>;
  export function exchange<D>(route: (item: D) => number): Pact<D>;

  export interface Notificator<T> {
    /** Takes the capability over. Requests for one time are answered together, once, when no input can still bring it. */
    notifyAt(capability: Capability<T>): void;
  }
  export interface TimelyStream<D, T = Time> {
    readonly scope: Scope<T>;
    map<E>(f: (item: D) => E): TimelyStream<E, T>;
    flatMap<E>(f: (item: D) => Iterable<E>): TimelyStream<E, T>;
    filter(f: (item: D) => boolean): TimelyStream<D, T>;
    inspect(f: (item: D) => void): TimelyStream<D, T>;
    inspectTime(f: (time: T, item: D) => void): TimelyStream<D, T>;
    concat(other: TimelyStream<D, T>): TimelyStream<D, T>;
    branch(f: (time: T, item: D) => boolean): { trues: TimelyStream<D, T>; falses: TimelyStream<D, T> };
    partition(parts: number, route: (item: D) => readonly [part: number, item: D]): TimelyStream<D, T>[];
    exchange(route: (item: D) => number): TimelyStream<D, T>;
    broadcast(): TimelyStream<D, T>;
    /** Moves items to a later time. */
    delay(time: (item: D, time: T) => T): TimelyStream<D, T>;
    /** Items per time, when the time is complete. */
    count(): TimelyStream<number, T>;
    accumulate<S>(init: () => S, fold: (state: S, batch: readonly D[]) => S): TimelyStream<S, T>;
    /** Folds per key inside one time. */
    aggregate<K, S, E>(
      key: (item: D) => K,
      init: () => S,
      fold: (state: S, item: D, key: K) => S,
      emit: (key: K, state: S) => E,
      route: (key: K) => number,
    ): TimelyStream<E, T>;
    /** Per-key state across times, applied in time order. */
    stateMachine<K, S, E>(
      key: (item: D) => K,
      init: () => S,
      fold: (key: K, item: D, state: S) => { state: S; done: boolean; out: Iterable<E> },
      route: (key: K) => number,
    ): TimelyStream<E, T>;
    unary<E>(
      pact: Pact<D>,
      name: string,
      build: (initial: Capability<T>) => (input: InputPort<D, T>, output: OutputPort<E, T>) => void,
    ): TimelyStream<E, T>;
    unaryFrontier<E>(
      pact: Pact<D>,
      name: string,
      build: (initial: Capability<T>) => (input: InputPort<D, T>, output: OutputPort<E, T>) => void,
    ): TimelyStream<E, T>;
    unaryNotify<E>(
      pact: Pact<D>,
      name: string,
      initial: readonly T[],
      logic: (
        input: InputPort<D, T>,
        output: OutputPort<E, T>,
        notificator: Notificator<T>,
        notified: readonly Capability<T>[],
      ) => void,
    ): TimelyStream<E, T>;
    binary<D2, E>(
      other: TimelyStream<D2, T>,
      pact: Pact<D>,
      otherPact: Pact<D2>,
      name: string,
      build: (initial: Capability<T>) => (left: InputPort<D, T>, right: InputPort<D2, T>, output: OutputPort<E, T>) => void,
    ): TimelyStream<E, T>;
    binaryFrontier<D2, E>(
      other: TimelyStream<D2, T>,
      pact: Pact<D>,
      otherPact: Pact<D2>,
      name: string,
      build: (initial: Capability<T>) => (left: InputPort<D, T>, right: InputPort<D2, T>, output: OutputPort<E, T>) => void,
    ): TimelyStream<E, T>;
    enter<T2>(scope: Scope<T2>): TimelyStream<D, T2>;
    leave<T0>(outer: Scope<T0>): TimelyStream<D, T0>;
    /** Holds data until the clock stream reaches its time. */
    reclock(clock: TimelyStream<null, T>): TimelyStream<D, T>;
    probe(): ProbeHandle<T>;
    /** Batches per time, in order, filled as the dataflow runs. */
    capture(): CaptureLog<D, T>;
  }
  export interface CaptureLog<D, T> {
    extract(): (readonly [time: T, items: D[]])[];
  }
}
