/** A query as a flow: events are made up, and rows leave it as JSON. */
import { Dataflow, dirSink, generatorSource, type Keyed, type KeyedStream, type Sink, type Source, type Stream } from "weir";
import { type Event, type EventOptions, eventAt } from "./events.ts";
import type { QueryOptions } from "./streams.ts";

/** What a query makes of events. The key says where a row is written, and which row of an answer that changes it replaces. */
export type Query = (events: Stream<Event>, options: QueryOptions) => KeyedStream<unknown>;

export interface NexmarkOptions extends QueryOptions {
  readonly source: Source<Event>;
  /** Takes rows as JSON, by key. */
  readonly sink: Sink<Keyed<string>>;
}

export function nexmarkFlow(name: string, query: Query, options: NexmarkOptions): Dataflow {
  const flow = new Dataflow(`nexmark-${name}`);
  query(flow.input("events", options.source), options)
    .map("line", ([key, row]): Keyed<string> => [key, JSON.stringify(row)])
    .asKeyed()
    .output("out", options.sink);
  return flow;
}

/** Files of lines in a directory, each line exactly once. */
export const linesIn = (directory: string): Sink<Keyed<string>> => dirSink(directory, { parts: 2, suffix: ".jsonl" });

export interface EventsOptions extends EventOptions {
  readonly events: number;
  readonly parts: number;
  /** By the clock; without it events come as fast as they are taken. */
  readonly ratePerSecond?: number;
  readonly batchSize?: number;
}

/** Part p of n makes events p, p + n, p + 2n, …: each part is in the order of event time. */
export function events({ events: count, parts, ratePerSecond, batchSize = 1_000, ...options }: EventsOptions) {
  return generatorSource<Event>({
    parts,
    count: Math.ceil(count / parts),
    batchSize,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond: ratePerSecond / parts }),
    make: (index, part) => eventAt(index * parts + part, options),
  });
}

/** What a query's module exports. Params: `out`, `events`, `parts`, `seed`, `eventsPerSecond`, `ratePerSecond`, `waitMs`. */
export function nexmark(name: string, query: Query): (params: Readonly<Record<string, string>>) => Dataflow {
  return (params) => {
    const number = (param: string, otherwise: number): number => Number(params[param] ?? otherwise);
    const rate = params.ratePerSecond === undefined ? undefined : Number(params.ratePerSecond);
    return nexmarkFlow(name, query, {
      sink: linesIn(params.out ?? `nexmark-${name}`),
      // Events that come as fast as they are taken may be out of order by any time.
      waitMs: number("waitMs", rate === undefined ? Infinity : 5_000),
      source: events({
        events: number("events", 100_000),
        parts: number("parts", 2),
        seed: number("seed", 1),
        eventsPerSecond: number("eventsPerSecond", rate ?? 1_000),
        ...(rate === undefined ? {} : { ratePerSecond: rate }),
      }),
    });
  };
}
