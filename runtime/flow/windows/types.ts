/**
 * Windows, as people write and extend them. A clock gives each value a timestamp and says how far time has come for the key
 * (the watermark); a windower says which windows a timestamp belongs to and when they close. Both are per key, and everything
 * is in milliseconds since the Unix epoch. A watermark never goes back.
 */
export interface WindowOptions<V> {
  clock: Clock<V>;
  windower: Windower;
  /** Apply values in timestamp order (default true). */
  ordered?: boolean;
}

export interface WindowMeta {
  readonly openTime: number;
  readonly closeTime: number;
  /** Ids of all windows that were merged into this one, ascending. */
  readonly mergedIds: readonly number[];
}

/** Watermarks start at -Infinity (or any time before all data) and are Infinity at end of input. */
export interface Clock<V> {
  build(resume: unknown): ClockLogic<V>;
}

export interface ClockLogic<V> {
  /** Called before each batch of a key, so that one reading of the system clock serves the batch. */
  beforeBatch(): void;
  onItem(value: V): readonly [timestamp: number, watermark: number];
  onNotify(): number;
  onEof(): number;
  /** The system time at which `timestamp` will be passed by the watermark if nothing arrives; undefined = never. */
  toSystem(timestamp: number): number | undefined;
  snapshot(): unknown;
}

export interface Windower {
  build(resume: unknown): WindowerLogic;
}

export interface WindowerLogic {
  /** Ids of the windows `timestamp` belongs to, opened where needed. */
  openFor(timestamp: number, watermark: number): readonly number[];
  /** Ids it would have belonged to, for a value that is late. */
  lateFor(timestamp: number): readonly number[];
  /** Pairs [from, into] of windows merged since the last call. */
  merged(): readonly (readonly [from: number, into: number])[];
  /** Windows that the watermark has closed, removed from this logic. */
  closeFor(watermark: number): readonly (readonly [windowId: number, meta: WindowMeta])[];
  /** The watermark at which the next window closes. */
  notifyAt(): number | undefined;
  isEmpty(): boolean;
  snapshot(): unknown;
}

/** Where results go: straight into the outputs of the step. `key` says whose windows they are. */
export interface WindowEvents {
  readonly key: string;
  down(windowId: number, result: unknown): void;
  /** A value whose timestamp is before (not at) its key's watermark, which the value itself has moved first; its window may still be open. */
  late(windowId: number, value: unknown): void;
  /** A window has closed. Left out where nobody reads it. */
  meta?(windowId: number, meta: WindowMeta): void;
}
