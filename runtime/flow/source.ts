/**
 * Sources, as people write them. A partitioned source can be resumed part by part; a dynamic one reads on every worker and
 * keeps no position. Everything may be asynchronous: promises complete outside of the worker's step.
 */
export type Awaitable<T> = T | Promise<T>;

/** What is stored or exchanged must survive a round trip: JSON types, bigint, Date, Map, Set, typed arrays; `undefined` fields vanish. */
export type Keyed<V> = readonly [key: string, value: V];

export type Source<T> = PartitionedSource<T, any> | DynamicSource<T>;

export interface PartitionedSource<T, S> {
  readonly kind: "partitioned";
  /** Part names, stable over executions. Listed again from time to time: parts may appear later. */
  listParts(): Awaitable<Iterable<string>>;
  /** `resume` is what `snapshot` gave at the snapshot that the execution resumes from; undefined when the part is new. */
  buildPart(part: string, resume: S | undefined, context?: PartContext): Awaitable<SourcePart<T, S>>;
}

/** What the run lends to a part of a source. */
export interface PartContext {
  /** The run's system clock, by which `nextAwake` is judged; a source with a timetable keeps it by this clock. */
  readonly now: () => number;
  /** The part has no position because it appeared after the flow had begun, in this execution or an earlier one. */
  readonly appeared?: boolean;
}

export interface SourcePart<T, S> {
  /** An empty batch = nothing yet; null = this part has ended. */
  nextBatch(): Awaitable<Iterable<T> | null>;
  /** Do not ask again before this time, in milliseconds since the Unix epoch. */
  nextAwake?(): number | undefined;
  /** The position after the last batch. */
  snapshot(): S;
  /** Records (or bytes) not read yet, for autoscaling. */
  lag?(): Awaitable<number>;
  /** What it waits for in vain just now, for whoever asks why nothing comes; undefined when all is well. */
  trouble?(): string | undefined;
  /** A snapshot with this position is committed; for telling onlookers. May come after `close`, and is lost with a process. */
  committed?(position: S): void;
  close?(): Awaitable<void>;
}

export interface DynamicSource<T> {
  readonly kind: "dynamic";
  build(workerIndex: number, workerCount: number): Awaitable<Omit<SourcePart<T, never>, "snapshot">>;
}
