/**
 * One part of a source while it is read. Batches come at once or by promise; either way the position that a snapshot stores
 * is that after the last batch handed on.
 *
 * While a promise is out, the source may already have moved its position. Therefore the position is taken before each call of
 * a part that has ever given a promise. Only the first promise of a part that has read synchronously before catches us
 * without one: `positionKnown` is false then, and the epoch waits for that batch.
 */
import { toArray } from "../iterables.ts";
import { type Batch, LazyBatch } from "../lazy-batch.ts";
import type { Awaitable, SourcePart } from "../source.ts";

export interface PartReader {
  readonly name: string;
  /** Nothing more will come. */
  readonly ended: boolean;
  /** A promise is out: being built, or being read. */
  readonly waiting: boolean;
  readonly positionKnown: boolean;
  /** Reads one batch if it is time to; undefined when there is nothing now. */
  poll(now: number): Batch | undefined;
  /** When to poll again after nothing came, in milliseconds of the run's clock; Infinity while a promise is out. */
  readonly awake: number;
  /** It was empty: to be asked again after a millisecond, whatever the run's clock says. */
  cool: boolean;
  /** The position to store, if it has changed since the last call. */
  takePosition(): { readonly value: unknown } | undefined;
  lag(): Awaitable<number> | undefined;
  trouble(): string | undefined;
  /** It wants to be told of commits. */
  readonly told: boolean;
  /** A snapshot with this position is committed. */
  committed(position: unknown): void;
  close(): Awaitable<void>;
}

type Part = Omit<SourcePart<unknown, unknown>, "snapshot"> & { snapshot?(): unknown };

export interface PartOptions {
  readonly name: string;
  readonly step: string;
  /** Positions are stored. */
  readonly recorded: boolean;
  /** A promise has completed: poll again. */
  readonly wake: () => void;
  readonly fail: (error: unknown) => void;
}

export function readPart(options: PartOptions, build: () => Awaitable<Part>): PartReader {
  const { name, step, recorded, wake, fail } = options;
  let part: Part | undefined;
  let waiting = false;
  let ended = false;
  let awake = -Infinity;
  /** A batch that a promise brought. */
  let arrived: { readonly batch: Iterable<unknown> | null } | undefined;
  let sawPromise = false;
  /** The position before the call that is under way, when it was taken. */
  let taken: { readonly value: unknown } | undefined;
  let read = false;
  let changed = false;

  const unsettled = () => waiting || arrived !== undefined;
  const position = (): unknown => part?.snapshot?.();
  const settled = (then: () => void) => {
    waiting = false;
    then();
    wake();
  };
  const failed = (error: unknown) => {
    waiting = false;
    fail(error);
  };

  const receive = (batch: Iterable<unknown> | null, now: number): Batch | undefined => {
    taken = undefined;
    read = true;
    if (batch === null) {
      ended = changed = true;
      return undefined;
    }
    const values = batch instanceof LazyBatch ? batch : toArray(batch, step);
    // A source may move on over things that give no record, so an empty batch may change the position too.
    changed = true;
    const next = part!.nextAwake?.();
    // One that keeps another clock than the run's may have come too early: it is no reason to spin, nor to wait for the next tick.
    reader.cool = values.length === 0 && (next === undefined || next <= now);
    awake = next ?? -Infinity;
    return values.length > 0 ? values : undefined;
  };

  const reader: PartReader = {
    name,
    cool: false,
    get ended() {
      return ended;
    },
    get waiting() {
      return waiting;
    },
    get awake() {
      return waiting ? Infinity : awake;
    },
    get positionKnown() {
      // One that is being built may be about to settle where it begins, which must not be settled anew after a crash.
      if (part === undefined) return !recorded;
      return !unsettled() || taken !== undefined || !read;
    },
    poll(now: number) {
      if (ended || waiting || reader.cool || part === undefined) return undefined;
      if (arrived !== undefined) {
        const { batch } = arrived;
        arrived = undefined;
        return receive(batch, now);
      }
      if (now < awake) return undefined;
      if (recorded && sawPromise) taken = { value: structuredClone(position()) };
      const result = part.nextBatch();
      if (!isPromise(result)) return receive(result, now);
      sawPromise = waiting = true;
      result.then((batch) => settled(() => (arrived = { batch })), failed);
      return undefined;
    },
    takePosition() {
      if (!changed || part?.snapshot === undefined) return undefined;
      const value = unsettled() ? taken!.value : position();
      // What is under way will have changed it again.
      changed = unsettled();
      return { value };
    },
    lag: () => (ended ? 0 : part?.lag?.()),
    trouble: () => (ended ? undefined : part?.trouble?.()),
    get told() {
      return part?.committed !== undefined;
    },
    committed: (value) => part?.committed?.(value),
    close: () => part?.close?.(),
  };

  const built = build();
  if (isPromise(built)) {
    waiting = true;
    built.then((one) => settled(() => (part = one)), failed);
  } else part = built;
  return reader;
}

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
