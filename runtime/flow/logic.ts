/** The logic of one key of a stateful step, as people write it. A logic lives until it discards itself; `undefined` outcomes keep it. */

/** What a stateful callback hands back; `discard` forgets the key's logic and state once the items are emitted. */
export interface Outcome<W> {
  readonly emit?: Iterable<W>;
  readonly discard?: boolean;
}

export interface LogicBase<W, S> {
  /** Called at or after `notifyAt()`, at most once per asked time. */
  onNotify?(): Outcome<W> | void;
  /** Called when the input has ended (in this execution; it may go on in the next). */
  onEof?(): Outcome<W> | void;
  /** In milliseconds since the Unix epoch. Asked after the key was touched; undefined does not cancel an earlier time. */
  notifyAt?(): number | undefined;
  /** Must be a copy: what is returned is encoded later, while the logic goes on. */
  snapshot(): S;
}

export interface StatefulLogic<V, W, S> extends LogicBase<W, S> {
  onItem(value: V): Outcome<W> | void;
}

export interface StatefulBatchLogic<V, W, S> extends LogicBase<W, S> {
  /** All values of the key in one chunk, in their order. */
  onBatch(values: readonly V[]): Outcome<W> | void;
}

export type JoinInsert = "first" | "last" | "product";
export type JoinEmit = "complete" | "final" | "running";
export interface JoinOptions {
  /** Which value of a side is kept when several arrive. Default "last". */
  insert?: JoinInsert;
  /** complete (default): once every side has a value, then forget; final: at end of input; running: a row at every change. Missing sides are null. */
  emit?: JoinEmit;
}

/** What `maxFinal`, `minFinal` and windows compare by. */
export type Ordered = number | string | bigint;
