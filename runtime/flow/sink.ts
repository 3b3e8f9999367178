/**
 * Sinks, as people write them, in the order of what they promise: a dynamic sink sees each item at least once, a partitioned
 * one exactly once by truncating to its snapshot, a transactional one exactly once by two-phase commit.
 */
import type { Awaitable, Keyed } from "./source.ts";

export type Sink<T> = DynamicSink<T> | TransactionalSink<T, any> | (T extends Keyed<infer V> ? PartitionedSink<V, any> : never);

export interface SinkPart<T> {
  writeBatch(items: readonly T[]): Awaitable<void>;
  close?(): Awaitable<void>;
}

/** What the run lends to a part of a dynamic or transactional sink: who writes, for names that others must find again. */
export interface SinkContext {
  readonly flow: string;
  readonly step: string;
  /** Grows from one execution of the flow to the next; how many have been is not to be read from it. */
  readonly execution: number;
}

/** At least once: a snapshot commits only after every write of its epochs has finished. */
export interface DynamicSink<T> {
  readonly kind: "dynamic";
  build(workerIndex: number, workerCount: number, context?: SinkContext): Awaitable<SinkPart<T>>;
}

/** Exactly once by truncation: a part is rebuilt from its snapshot and drops whatever it wrote after it. Values arrive without keys. */
export interface PartitionedSink<V, S> {
  readonly kind: "partitioned";
  listParts(): Awaitable<Iterable<string>>;
  /** Any integer; taken modulo the number of parts. By default a hash of the key. */
  partFor?(key: string): number;
  buildPart(part: string, resume: S | undefined): Awaitable<SinkPart<V> & { snapshot(): Awaitable<S> }>;
}

/** Exactly once by two-phase commit: `prepare` before the manifest, `commit` after it; on resume prepared work is committed again (idempotent) or aborted. */
export interface TransactionalSink<T, P> {
  readonly kind: "transactional";
  build(workerIndex: number, workerCount: number, context?: SinkContext): Awaitable<TransactionalSinkPart<T, P>>;
  commit(prepared: P): Awaitable<void>;
  abort(prepared: P): Awaitable<void>;
}

export interface TransactionalSinkPart<T, P> extends SinkPart<T> {
  /** Makes what was written so far durable but not visible; undefined = nothing to commit. */
  prepare(epoch: number): Awaitable<P | undefined>;
}
