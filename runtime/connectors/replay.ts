/**
 * Plays a source back by a timetable: each part gives `ratePerSecond` records a second from the moment it was first opened, as
 * a live source would that nobody can slow down. Lag is what such a source would have queued: records that are due and were not
 * taken yet; what remains of the part bounds it. Time lost to a crash counts, since the timetable is kept with the position.
 *
 * Inner batches are cut where the timetable wants it. The position is therefore the inner one before the batch being given
 * out, and how many records of it were given out: a resume reads that batch again and skips them.
 */
import { WeirError } from "../errors/index.ts";
import { show } from "../flow/show.ts";
import type { Awaitable, PartContext, PartitionedSource, SourcePart } from "../flow/source.ts";
import { type Timetable, checkRate, timetable } from "./timetable.ts";

/** [position of the inner part, records to skip from there, records given out in all, start of the timetable] */
export type ReplayPosition<S> = readonly [inner: S | undefined, skip: number, given: number, start: number];

/** Throws WEIR_FLOW_OPTION when `source` has no parts or the rate is not positive. */
export function replay<T, S>(
  source: PartitionedSource<T, S>,
  options: { ratePerSecond: number },
): PartitionedSource<T, ReplayPosition<S>> {
  if (source?.kind !== "partitioned")
    throw new WeirError("WEIR_FLOW_OPTION", `replay: the source must be a partitioned one, not ${show(source)}`);
  const { ratePerSecond } = options;
  checkRate(ratePerSecond, "replay");
  return {
    kind: "partitioned",
    listParts: () => source.listParts(),
    async buildPart(part, resume, context) {
      const [position, skip, given, start] = resume ?? [undefined, 0, 0, (context?.now ?? Date.now)()];
      const inner = await source.buildPart(part, position, context);
      return new ReplayPart(inner, timetable(start, ratePerSecond), context, [position, skip, given, start]);
    },
  };
}

class ReplayPart<T, S> implements SourcePart<T, ReplayPosition<S>> {
  private readonly inner: SourcePart<T, S>;
  private readonly schedule: Timetable;
  private readonly now: () => number;
  private readonly start: number;
  private given: number;
  /** The inner position before `batch`, or before the batch that is being read. */
  private position: S | undefined;
  private batch: readonly T[] = [];
  /** Records given out since `position`; beyond the end of `batch` while a resume has some to skip. */
  private taken: number;
  private ended = false;

  constructor(
    inner: SourcePart<T, S>,
    schedule: Timetable,
    context: PartContext | undefined,
    [position, skip, given, start]: ReplayPosition<S>,
  ) {
    this.inner = inner;
    this.schedule = schedule;
    this.now = context?.now ?? Date.now;
    this.position = position;
    this.taken = skip;
    this.given = given;
    this.start = start;
  }

  nextBatch(): Awaitable<readonly T[] | null> {
    if (this.ended) return null;
    if (this.overdue() === 0) return [];
    if (this.taken < this.batch.length) return this.give();
    this.taken -= this.batch.length;
    this.batch = [];
    if (this.taken === 0) this.position = this.inner.snapshot();
    const next = this.inner.nextBatch();
    return isPromise(next) ? next.then((batch) => this.receive(batch)) : this.receive(next);
  }
  nextAwake(): number | undefined {
    if (this.ended) return undefined;
    const inner = this.taken >= this.batch.length ? this.inner.nextAwake?.() : undefined;
    if (this.overdue() > 0) return inner;
    return Math.max(this.schedule.dueAt(this.given), inner ?? -Infinity);
  }
  snapshot(): ReplayPosition<S> {
    return [this.position, this.taken, this.given, this.start];
  }
  lag(): Awaitable<number> {
    if (this.ended) return 0;
    const overdue = this.overdue();
    const ahead = Math.max(0, this.batch.length - this.taken);
    const left = this.inner.lag?.();
    if (left === undefined) return overdue;
    // Where the inner lag is in bytes it bounds the records just as well: none is shorter than a byte.
    return isPromise(left) ? left.then((records) => Math.min(overdue, ahead + records)) : Math.min(overdue, ahead + left);
  }
  close(): Awaitable<void> {
    return this.inner.close?.();
  }

  private overdue(): number {
    return Math.max(0, this.schedule.due(this.now()) - this.given);
  }
  private receive(next: Iterable<T> | null): readonly T[] | null {
    if (next === null) {
      this.ended = true;
      return null;
    }
    const batch = Array.isArray(next) ? (next as readonly T[]) : [...next];
    if (batch.length <= this.taken) {
      this.taken -= batch.length;
      this.position = this.inner.snapshot();
      return [];
    }
    this.batch = batch;
    return this.give();
  }
  private give(): readonly T[] {
    const batch = this.batch.slice(this.taken, this.taken + this.overdue());
    this.taken += batch.length;
    this.given += batch.length;
    return batch;
  }
}

function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
