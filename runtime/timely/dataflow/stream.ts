/** Streams: a place in a dataflow where data passes. Each method adds an operator; see the file of its name. */
import { followedBy, type PathSummary } from "../progress/index.ts";
import { graphError } from "./misuse.ts";
import { accumulate } from "./operators/accumulate.ts";
import { aggregate } from "./operators/aggregate.ts";
import { binary, binaryFrontier } from "./operators/binary.ts";
import { branch } from "./operators/branch.ts";
import { broadcast } from "./operators/broadcast.ts";
import { capture } from "./operators/capture.ts";
import { concatenate } from "./operators/concat.ts";
import { count } from "./operators/count.ts";
import { delay } from "./operators/delay.ts";
import { exchangeStream } from "./operators/exchange.ts";
import { filter } from "./operators/filter.ts";
import { flatMap } from "./operators/flat-map.ts";
import { inspect } from "./operators/inspect.ts";
import { inspectTime } from "./operators/inspect-time.ts";
import { map } from "./operators/map.ts";
import { partition } from "./operators/partition.ts";
import { probe } from "./operators/probe.ts";
import { reclock } from "./operators/reclock.ts";
import { stateMachine } from "./operators/state-machine.ts";
import { unaryNotify } from "./operators/unary-notify.ts";
import { unary, unaryFrontier } from "./operators/unary.ts";
import type { TimeProbe } from "./operator-types.ts";
import type { Origin } from "./origin.ts";
import type { ScopeState } from "./scope.ts";
import type { Capability, CaptureLog, InputPort, Notificator, OutputPort, Pact, Scope, TimelyStream } from "./types.ts";

type UnaryLogic<D, E, T> = (input: InputPort<D, T>, output: OutputPort<E, T>) => void;
type BinaryLogic<D, D2, E, T> = (left: InputPort<D, T>, right: InputPort<D2, T>, output: OutputPort<E, T>) => void;

export class Stream<D, T> implements TimelyStream<D, T> {
  readonly state: ScopeState<T>;
  readonly origin: Origin;
  /** From the origin to here: through the scopes entered and left since. */
  readonly path: PathSummary;

  constructor(state: ScopeState<T>, origin: Origin, path: PathSummary) {
    this.state = state;
    this.origin = origin;
    this.path = path;
  }

  get scope(): Scope<T> {
    return this.state;
  }

  map<E>(f: (item: D) => E): TimelyStream<E, T> {
    return map(this, f);
  }
  flatMap<E>(f: (item: D) => Iterable<E>): TimelyStream<E, T> {
    return flatMap(this, f);
  }
  filter(f: (item: D) => boolean): TimelyStream<D, T> {
    return filter(this, f);
  }
  inspect(f: (item: D) => void): TimelyStream<D, T> {
    return inspect(this, f);
  }
  inspectTime(f: (time: T, item: D) => void): TimelyStream<D, T> {
    return inspectTime(this, f);
  }
  concat(other: TimelyStream<D, T>): TimelyStream<D, T> {
    return concatenate(this.scope, [this, other]);
  }
  branch(f: (time: T, item: D) => boolean): { trues: TimelyStream<D, T>; falses: TimelyStream<D, T> } {
    return branch(this, f);
  }
  partition(parts: number, route: (item: D) => readonly [part: number, item: D]): TimelyStream<D, T>[] {
    return partition(this, parts, route);
  }
  exchange(route: (item: D) => number): TimelyStream<D, T> {
    return exchangeStream(this, route);
  }
  broadcast(): TimelyStream<D, T> {
    return broadcast(this);
  }
  delay(time: (item: D, time: T) => T): TimelyStream<D, T> {
    return delay(this, time);
  }
  count(): TimelyStream<number, T> {
    return count(this);
  }
  accumulate<S>(init: () => S, fold: (state: S, batch: readonly D[]) => S): TimelyStream<S, T> {
    return accumulate(this, init, fold);
  }
  aggregate<K, S, E>(
    key: (item: D) => K,
    init: () => S,
    fold: (state: S, item: D, key: K) => S,
    emit: (key: K, state: S) => E,
    route: (key: K) => number,
  ): TimelyStream<E, T> {
    return aggregate(this, key, init, fold, emit, route);
  }
  stateMachine<K, S, E>(
    key: (item: D) => K,
    init: () => S,
    fold: (key: K, item: D, state: S) => { state: S; done: boolean; out: Iterable<E> },
    route: (key: K) => number,
  ): TimelyStream<E, T> {
    return stateMachine(this, key, init, fold, route);
  }
  unary<E>(pact: Pact<D>, name: string, build: (initial: Capability<T>) => UnaryLogic<D, E, T>): TimelyStream<E, T> {
    return unary(this, pact, name, build);
  }
  unaryFrontier<E>(pact: Pact<D>, name: string, build: (initial: Capability<T>) => UnaryLogic<D, E, T>): TimelyStream<E, T> {
    return unaryFrontier(this, pact, name, build);
  }
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
  ): TimelyStream<E, T> {
    return unaryNotify(this, pact, name, initial, logic);
  }
  binary<D2, E>(
    other: TimelyStream<D2, T>,
    pact: Pact<D>,
    otherPact: Pact<D2>,
    name: string,
    build: (initial: Capability<T>) => BinaryLogic<D, D2, E, T>,
  ): TimelyStream<E, T> {
    return binary(this, other, pact, otherPact, name, build);
  }
  binaryFrontier<D2, E>(
    other: TimelyStream<D2, T>,
    pact: Pact<D>,
    otherPact: Pact<D2>,
    name: string,
    build: (initial: Capability<T>) => BinaryLogic<D, D2, E, T>,
  ): TimelyStream<E, T> {
    return binaryFrontier(this, other, pact, otherPact, name, build);
  }
  enter<T2>(scope: Scope<T2>): TimelyStream<D, T2> {
    const inner = this.#reach(scope, "enter");
    return inner.newStream(this.origin, followedBy(this.path, inner.pathFrom(this.state)));
  }
  leave<T0>(outer: Scope<T0>): TimelyStream<D, T0> {
    const state = this.#reach(outer, "leave");
    return state.newStream(this.origin, followedBy(this.path, this.state.pathTo(state)));
  }
  reclock(clock: TimelyStream<null, T>): TimelyStream<D, T> {
    return reclock(this, clock);
  }
  probe(): TimeProbe<T> {
    return probe(this);
  }
  capture(): CaptureLog<D, T> {
    return capture(this);
  }

  #reach<T2>(scope: Scope<T2>, what: string): ScopeState<T2> {
    this.state.requireBuilding(what);
    const state = scope as unknown as ScopeState<T2>;
    if (state.dataflow !== this.state.dataflow) throw graphError(`${what}: the scope belongs to another dataflow`);
    return state;
  }
}
