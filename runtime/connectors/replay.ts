/**
 * Plays a source back by a timetable: each part gives `ratePerSecond` records a second from the moment it was first opened, as
 * a live source would that nobody can slow down. Lag is what such a source would have queued: records that are due and were not
 * taken yet; what remains of the part bounds it. Time lost to a crash counts, since the timetable is kept with the position.
 *
 * Inner batches are cut where the timetable wants it. The position is therefore the inner one before the batch being given
 * out, and how many records of it were given out: a resume reads that batch again and skips them.
 */
import { WeirError } from "../errors/index.ts";
import { checkOptionsObject } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import type { Awaitable, PartitionedSource, SourcePart } from "../flow/source.ts";
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
  checkOptionsObject("replay", options);
  const { ratePerSecond } = options;
  checkRate(ratePerSecond, "replay");
  return {
    kind: "partitioned",
    listParts: () => source.listParts(),
    async buildPart(part, resume, context) {
      const now = context?.now ?? Date.now;
      const from: ReplayPosition<S> = resume ?? [undefined, 0, 0, now()];
      const inner = await source.buildPart(part, from[0], context);
      return replayPart(inner, timetable(from[3], ratePerSecond), now, from);
    },
  };
}

function replayPart<T, S>(
  inner: SourcePart<T, S>,
  schedule: Timetable,
  now: () => number,
  resume: ReplayPosition<S>,
): SourcePart<T, ReplayPosition<S>> {
  const start = resume[3];
  let given = resume[2];
  /** The inner position before `batch`, or before the batch that is being read. */
  let position = resume[0];
  let batch: readonly T[] = [];
  /** Records given out since `position`; beyond the end of `batch` while a resume has some to skip. */
  let taken = resume[1];
  let ended = false;

  const overdue = (): number => Math.max(0, schedule.due(now()) - given);
  const give = (): readonly T[] => {
    const part = batch.slice(taken, taken + overdue());
    taken += part.length;
    given += part.length;
    return part;
  };
  const receive = (next: Iterable<T> | null): readonly T[] | null => {
    if (next === null) {
      ended = true;
      return null;
    }
    const read = Array.isArray(next) ? (next as readonly T[]) : [...next];
    if (read.length > taken) {
      batch = read;
      return give();
    }
    taken -= read.length;
    position = inner.snapshot();
    return [];
  };
  return {
    nextBatch() {
      if (ended) return null;
      if (overdue() === 0) return [];
      if (taken < batch.length) return give();
      taken -= batch.length;
      batch = [];
      if (taken === 0) position = inner.snapshot();
      const next = inner.nextBatch();
      return isPromise(next) ? next.then(receive) : receive(next);
    },
    nextAwake() {
      if (ended) return undefined;
      const awake = taken >= batch.length ? inner.nextAwake?.() : undefined;
      return overdue() > 0 ? awake : Math.max(schedule.dueAt(given), awake ?? -Infinity);
    },
    snapshot: () => [position, taken, given, start],
    lag() {
      if (ended) return 0;
      const due = overdue();
      const ahead = Math.max(0, batch.length - taken);
      const left = inner.lag?.();
      if (left === undefined) return due;
      // Where the inner lag is in bytes it bounds the records just as well: none is shorter than a byte.
      return isPromise(left) ? left.then((records) => Math.min(due, ahead + records)) : Math.min(due, ahead + left);
    },
    close: () => inner.close?.(),
  };
}

function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
