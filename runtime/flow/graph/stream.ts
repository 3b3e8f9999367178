/**
 * `Stream` and `KeyedStream`: the fluent layer. Each method writes one node down and gives the stream of its output; the
 * only logic here is checking what was handed in. Both classes are in one file because each gives the other.
 */
import { WeirError } from "../../errors/index.ts";
import type { JoinOptions, Ordered, StatefulBatchLogic, StatefulLogic } from "../logic.ts";
import type { Sink } from "../sink.ts";
import type { Awaitable, Keyed } from "../source.ts";
import { show } from "../show.ts";
import type { WindowOptions } from "../windows/types.ts";
import type { Dataflow } from "./dataflow.ts";
import type { FlowGraph } from "./flow-graph.ts";
import type { Port, Spec } from "./node.ts";
import {
  checkFunction,
  checkMilliseconds,
  checkObject,
  checkOneOf,
  checkOptionalFunction,
  checkPositiveInteger,
  refuse,
} from "./options.ts";
import type { WindowedStream } from "./windowed-stream.ts";
import { windowedStream } from "./windowed-stream.ts";

export class Stream<T> {
  readonly flow: Dataflow;
  readonly #graph: FlowGraph;
  readonly #port: Port;

  /** For the flow layer itself; streams are made by `Dataflow.input` and by steps. */
  constructor(flow: Dataflow, graph: FlowGraph, port: Port) {
    this.flow = flow;
    this.#graph = graph;
    this.#port = port;
  }

  map<U>(step: string, mapper: (item: T) => U): Stream<U> {
    return this.#call<U>(step, "map", "mapper", mapper);
  }
  flatMap<U>(step: string, mapper: (item: T) => Iterable<U>): Stream<U> {
    return this.#call<U>(step, "flatMap", "mapper", mapper);
  }
  /** `mapper` gets the records of one chunk. Where chunks begin and end is not part of a flow's meaning. */
  flatMapBatch<U>(step: string, mapper: (batch: readonly T[]) => Iterable<U>): Stream<U> {
    return this.#call<U>(step, "flatMapBatch", "mapper", mapper);
  }
  flatten<U>(this: Stream<Iterable<U>>, step: string): Stream<U> {
    return this.#next<U>(this.#claim(step), { kind: "flatten" });
  }
  /** A predicate that returns anything but a boolean stops the flow with WEIR_PREDICATE_NOT_BOOLEAN. */
  filter(step: string, predicate: (item: T) => boolean): Stream<T> {
    return this.#call<T>(step, "filter", "predicate", predicate);
  }
  /** Drops `undefined` only. */
  filterMap<U>(step: string, mapper: (item: T) => U | undefined): Stream<U> {
    return this.#call<U>(step, "filterMap", "mapper", mapper);
  }
  branch(step: string, predicate: (item: T) => boolean): { readonly trues: Stream<T>; readonly falses: Stream<T> } {
    this.#claim(step);
    checkFunction(step, "predicate", predicate);
    const node = this.#graph.add(step, { kind: "branch", call: predicate }, [this.#port]);
    return {
      trues: new Stream<T>(this.flow, this.#graph, { node, output: 0 }),
      falses: new Stream<T>(this.flow, this.#graph, { node, output: 1 }),
    };
  }
  /** All items of all streams, in no particular order between streams. */
  merge(step: string, ...others: readonly Stream<T>[]): Stream<T> {
    this.#claim(step);
    return this.#next<T>(step, { kind: "merge" }, [this.#port, ...others.map((other) => this.#portOf(other, step))]);
  }
  inspect(step: string, inspector?: (step: string, item: T) => void): Stream<T> {
    return this.#call<T>(step, "inspect", "inspector", inspector ?? printItem);
  }
  inspectDebug(step: string, inspector?: (step: string, item: T, epoch: number, worker: number) => void): Stream<T> {
    return this.#call<T>(step, "inspectDebug", "inspector", inspector ?? printDebug);
  }
  /** Spreads items evenly over all workers. */
  redistribute(step: string): Stream<T> {
    return this.#next<T>(this.#claim(step), { kind: "redistribute" });
  }
  /** Sends every item to every worker. */
  broadcast(step: string): Stream<T> {
    return this.#next<T>(this.#claim(step), { kind: "broadcast" });
  }
  /** At most `concurrency` (default 16) promises at a time and worker; `ordered` (default true) keeps the items' order. */
  mapAsync<U>(step: string, mapper: (item: T) => Promise<U>, options: { concurrency?: number; ordered?: boolean } = {}): Stream<U> {
    this.#claim(step);
    checkFunction(step, "mapper", mapper);
    checkObject(step, "options", options);
    const { concurrency = 16, ordered = true } = options;
    checkPositiveInteger(step, "options.concurrency", concurrency);
    if (typeof ordered !== "boolean") refuse(step, "options.ordered", "true or false", ordered);
    return this.#next<U>(step, { kind: "mapAsync", call: mapper, concurrency, ordered });
  }
  /** `getter` fills a per-worker cache whose entries live `ttlMs` (default: for ever). */
  enrichCached<K, C, U>(
    step: string,
    getter: (key: K) => Awaitable<C>,
    mapper: (get: (key: K) => Awaitable<C>, item: T) => Awaitable<U>,
    options: { ttlMs?: number } = {},
  ): Stream<U> {
    this.#claim(step);
    checkFunction(step, "getter", getter);
    checkFunction(step, "mapper", mapper);
    checkObject(step, "options", options);
    const { ttlMs = Infinity } = options;
    checkMilliseconds(step, "options.ttlMs", ttlMs);
    return this.#next<U>(step, { kind: "enrichCached", getter, mapper, ttlMs });
  }
  /** Any item here stops the flow with WEIR_RAISED, showing the item. */
  raises(step: string): void {
    this.#next<T>(this.#claim(step), { kind: "raises" });
  }
  /** Runs `body` on this stream joined by what `body` returns as `again`, until nothing is fed back. */
  iterate<U>(step: string, body: (loop: Stream<T>) => { again: Stream<T>; out: Stream<U> }): Stream<U> {
    this.#claim(step);
    checkFunction(step, "body", body);
    const graph = this.#graph;
    const spec: Extract<Spec, { kind: "iterate" }> = { kind: "iterate", body: undefined };
    const node = graph.add(step, spec, [this.#port]);
    graph.loop = node;
    try {
      const made = body(new Stream<T>(this.flow, graph, { node, output: 0 }));
      checkObject(step, "what body returns", made);
      spec.body = { again: this.#portOf(made.again, step), out: this.#portOf(made.out, step) };
      graph.checkScope(spec.body.again, step);
      graph.checkScope(spec.body.out, step);
    } finally {
      graph.loop = node.loop;
    }
    return new Stream<U>(this.flow, graph, { node, output: 1 });
  }
  /** Throws at run time WEIR_KEY_NOT_STRING when `key` returns anything but a string. */
  keyBy(step: string, key: (item: T) => string): KeyedStream<T> {
    this.#claim(step);
    checkFunction(step, "key", key);
    return this.keyedNext<T>(step, { kind: "keyBy", call: key });
  }
  /** Reads a stream of pairs as keyed (no step of its own); what is not a pair stops the flow with WEIR_NOT_A_PAIR naming the next keyed step. */
  asKeyed<V>(this: Stream<Keyed<V>>): KeyedStream<V> {
    return new KeyedStream<V>(this.flow, this.#graph, this.#port);
  }
  output(step: string, sink: Sink<T>): void {
    this.#claim(step);
    checkObject(step, "sink", sink);
    checkOneOf(step, "sink.kind", sink.kind, ["dynamic", "partitioned", "transactional"]);
    if (sink.kind === "partitioned") {
      checkFunction(step, "sink.listParts", sink.listParts);
      checkFunction(step, "sink.buildPart", sink.buildPart);
      checkOptionalFunction(step, "sink.partFor", sink.partFor);
    } else checkFunction(step, "sink.build", sink.build);
    this.#next<T>(step, { kind: "output", sink });
  }

  #claim(step: string): string {
    return this.#graph.claim(step);
  }
  #next<U>(step: string, spec: Spec, upstream: readonly Port[] = [this.#port]): Stream<U> {
    return new Stream<U>(this.flow, this.#graph, { node: this.#graph.add(step, spec, upstream), output: 0 });
  }
  #call<U>(
    step: string,
    kind: "map" | "flatMap" | "flatMapBatch" | "filter" | "filterMap" | "inspect" | "inspectDebug",
    name: string,
    call: unknown,
  ): Stream<U> {
    this.#claim(step);
    checkFunction(step, name, call);
    return this.#next<U>(step, { kind, call: call as () => unknown });
  }
  #portOf(other: unknown, step: string): Port {
    return this.portsOf([other], step)[0]!;
  }

  /** For the flow layer itself: the next keyed stream. */
  protected keyedNext<W>(step: string, spec: Spec, others: readonly Port[] = []): KeyedStream<W> {
    return new KeyedStream<W>(this.flow, this.#graph, { node: this.#graph.add(step, spec, [this.#port, ...others]), output: 0 });
  }
  /** For the flow layer itself. Throws WEIR_FLOW_FOREIGN_STREAM for what is not a stream of this flow. */
  protected portsOf(others: unknown, step: string): Port[] {
    if (!Array.isArray(others)) refuse(step, "others", "an array of streams", others);
    return others.map((other) => {
      if (!(other instanceof Stream)) {
        throw new WeirError("WEIR_FLOW_FOREIGN_STREAM", `Step "${step}" was given ${show(other)} where it needs a stream`, {
          step,
        });
      }
      if (other.flow !== this.flow) {
        throw new WeirError(
          "WEIR_FLOW_FOREIGN_STREAM",
          `Step "${step}" of flow "${this.flow.id}" was given a stream of flow "${other.flow.id}"`,
          { step },
        );
      }
      return other.#port;
    });
  }
  protected graph(): FlowGraph {
    return this.#graph;
  }
  protected port(): Port {
    return this.#port;
  }
}

/** A stream of [key, value] pairs whose keys say where state lives. */
export class KeyedStream<V> extends Stream<Keyed<V>> {
  mapValue<W>(step: string, mapper: (value: V) => W): KeyedStream<W> {
    return this.#call<W>(step, "mapValue", "mapper", mapper);
  }
  flatMapValue<W>(step: string, mapper: (value: V) => Iterable<W>): KeyedStream<W> {
    return this.#call<W>(step, "flatMapValue", "mapper", mapper);
  }
  filterValue(step: string, predicate: (value: V) => boolean): KeyedStream<V> {
    return this.#call<V>(step, "filterValue", "predicate", predicate);
  }
  filterMapValue<W>(step: string, mapper: (value: V) => W | undefined): KeyedStream<W> {
    return this.#call<W>(step, "filterMapValue", "mapper", mapper);
  }
  unkey(step: string): Stream<V> {
    const graph = this.graph();
    graph.claim(step);
    return new Stream<V>(this.flow, graph, { node: graph.add(step, { kind: "unkey" }, [this.port()]), output: 0 });
  }

  /** The most general stateful step; `build` is called for a key's first item, or with its snapshot on resume. */
  stateful<W, S>(step: string, build: (resume: S | undefined) => StatefulLogic<V, W, S>): KeyedStream<W> {
    this.graph().claim(step);
    checkFunction(step, "build", build);
    return this.keyedNext<W>(step, { kind: "stateful", build });
  }
  statefulBatch<W, S>(step: string, build: (resume: S | undefined) => StatefulBatchLogic<V, W, S>): KeyedStream<W> {
    this.graph().claim(step);
    checkFunction(step, "build", build);
    return this.keyedNext<W>(step, { kind: "statefulBatch", build });
  }
  /** Returns the new state and the output; an `undefined` state forgets the key. */
  statefulMap<W, S>(step: string, mapper: (state: S | undefined, value: V) => readonly [S | undefined, W]): KeyedStream<W> {
    return this.#call<W>(step, "statefulMap", "mapper", mapper);
  }
  statefulFlatMap<W, S>(
    step: string,
    mapper: (state: S | undefined, value: V) => readonly [S | undefined, Iterable<W>],
  ): KeyedStream<W> {
    return this.#call<W>(step, "statefulFlatMap", "mapper", mapper);
  }
  /** Lists of at most `maxSize` values; a shorter one when no value came for `timeoutMs`, and at end of input. */
  collect(step: string, options: { maxSize: number; timeoutMs: number }): KeyedStream<V[]> {
    this.graph().claim(step);
    checkObject(step, "options", options);
    checkPositiveInteger(step, "options.maxSize", options.maxSize);
    checkMilliseconds(step, "options.timeoutMs", options.timeoutMs);
    return this.keyedNext<V[]>(step, { kind: "collect", maxSize: options.maxSize, timeoutMs: options.timeoutMs });
  }
  countFinal(step: string): KeyedStream<number> {
    this.graph().claim(step);
    return this.keyedNext<number>(step, { kind: "countFinal" });
  }
  foldFinal<S>(step: string, init: () => S, folder: (state: S, value: V) => S): KeyedStream<S> {
    this.graph().claim(step);
    checkFunction(step, "init", init);
    checkFunction(step, "folder", folder);
    return this.keyedNext<S>(step, { kind: "foldFinal", init, folder });
  }
  /** `reducer` must be associative: values are reduced where they arise before they are sent to the key's worker. */
  reduceFinal(step: string, reducer: (a: V, b: V) => V): KeyedStream<V> {
    this.graph().claim(step);
    checkFunction(step, "reducer", reducer);
    return this.keyedNext<V>(step, { kind: "reduceFinal", reducer });
  }
  /** Of equal values the first stays. What has no order, NaN too, stops the flow with WEIR_BAD_RETURN. */
  maxFinal(step: string, by?: (value: V) => Ordered): KeyedStream<V> {
    return this.#extreme(step, "maxFinal", by);
  }
  /** Of equal values the first stays. What has no order, NaN too, stops the flow with WEIR_BAD_RETURN. */
  minFinal(step: string, by?: (value: V) => Ordered): KeyedStream<V> {
    return this.#extreme(step, "minFinal", by);
  }
  join<R extends readonly unknown[]>(
    step: string,
    others: { readonly [I in keyof R]: KeyedStream<R[I]> },
    options: JoinOptions = {},
  ): KeyedStream<readonly [V | null, ...{ [I in keyof R]: R[I] | null }]> {
    this.graph().claim(step);
    const { insert, emit } = joinOptions(step, options, "complete");
    return this.keyedNext(step, { kind: "join", insert, emit }, this.portsOf(others, step));
  }
  window(step: string, options: WindowOptions<V>): WindowedStream<V> {
    const graph = this.graph();
    graph.claim(step);
    checkObject(step, "options", options);
    checkObject(step, "options.clock", options.clock);
    checkFunction(step, "options.clock.build", options.clock.build);
    checkObject(step, "options.windower", options.windower);
    checkFunction(step, "options.windower.build", options.windower.build);
    if (options.ordered !== undefined && typeof options.ordered !== "boolean")
      refuse(step, "options.ordered", "true or false", options.ordered);
    return windowedStream<V>({
      graph,
      step,
      options,
      port: this.port(),
      portsOf: (others) => this.portsOf(others, step),
      keyed: (port) => new KeyedStream(this.flow, graph, port),
      joinOptions: (given) => joinOptions(step, given, "final"),
    });
  }

  #call<W>(
    step: string,
    kind: "mapValue" | "flatMapValue" | "filterValue" | "filterMapValue" | "statefulMap" | "statefulFlatMap",
    name: string,
    call: unknown,
  ): KeyedStream<W> {
    this.graph().claim(step);
    checkFunction(step, name, call);
    return this.keyedNext<W>(step, { kind, call: call as () => unknown });
  }
  #extreme(step: string, kind: "maxFinal" | "minFinal", by: ((value: V) => Ordered) | undefined): KeyedStream<V> {
    this.graph().claim(step);
    checkOptionalFunction(step, "by", by);
    return this.keyedNext<V>(step, { kind, by });
  }
}

function joinOptions(step: string, options: JoinOptions, defaultEmit: "complete" | "final"): Required<JoinOptions> {
  checkObject(step, "options", options);
  const { insert = "last", emit = defaultEmit } = options;
  checkOneOf(step, "options.insert", insert, ["first", "last", "product"]);
  checkOneOf(step, "options.emit", emit, ["complete", "final", "running"]);
  return { insert, emit };
}

function printItem(step: string, item: unknown): void {
  console.log(`${step}:`, item);
}
function printDebug(step: string, item: unknown, epoch: number, worker: number): void {
  console.log(`${step} worker ${worker} epoch ${epoch}:`, item);
}
