/**
 * A source that asks every so often. The timetable does not drift: the next time is the last one plus the interval, however
 * long asking took, and what was missed is asked at once, one by one. The position is whatever the getter keeps.
 */
import { WeirError } from "../errors/index.ts";
import { duration, instant } from "../flow/windows/instant.ts";
import { checkOptionsObject } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import type { Awaitable, PartitionedSource, SourcePart } from "../flow/source.ts";
import { RetryAfter } from "./retry-after.ts";

export interface PollingOptions<T, S> {
  intervalMs: number;
  /** Ask at this time, or a whole number of intervals away from it. By default the first time is at once. */
  alignTo?: number | Date;
  /** Gets the state it returned last, undefined at first; an undefined item is none. Throws `RetryAfter` to be asked again sooner or later than planned. */
  getter: (state: S | undefined) => Awaitable<readonly [item: T | undefined, state: S | undefined]>;
}

/** Has one part and never ends. Throws WEIR_FLOW_OPTION for an option that makes no sense. */
export function pollingSource<T, S>(options: PollingOptions<T, S>): PartitionedSource<T, S> {
  checkOptionsObject("pollingSource", options);
  const { getter } = options;
  const interval = duration(options.intervalMs, "pollingSource: intervalMs");
  const alignTo = options.alignTo === undefined ? undefined : instant(options.alignTo, "pollingSource: alignTo");
  if (typeof getter !== "function")
    throw new WeirError("WEIR_FLOW_OPTION", `pollingSource: getter must be a function, not ${show(getter)}`);
  return {
    kind: "partitioned",
    listParts: () => ["singleton"],
    buildPart: (_part, resume, context) => pollingPart({ getter, interval, alignTo, now: context?.now ?? Date.now }, resume),
  };
}

interface Poll<T, S> {
  readonly getter: PollingOptions<T, S>["getter"];
  readonly interval: number;
  readonly alignTo: number | undefined;
  readonly now: () => number;
}

function pollingPart<T, S>({ getter, interval, alignTo, now }: Poll<T, S>, resume: S | undefined): SourcePart<T, S> {
  /** The first time at or after `time`. */
  const first = (time: number): number =>
    alignTo === undefined ? time : alignTo + Math.ceil((time - alignTo) / interval) * interval;
  /** The next time after `time`, which a retry may have put off the grid. */
  const following = (time: number): number =>
    alignTo === undefined ? time + interval : alignTo + (Math.floor((time - alignTo) / interval) + 1) * interval;
  let state = resume;
  let awake = first(now());
  return {
    async nextBatch() {
      const asked = now();
      if (asked < awake) return [];
      let answer: unknown;
      try {
        answer = await getter(state);
      } catch (error) {
        if (!(error instanceof RetryAfter)) throw error;
        awake = Math.max(awake, asked) + error.ms;
        return [];
      }
      if (!Array.isArray(answer) || answer.length !== 2) {
        throw new WeirError("WEIR_BAD_RETURN", `pollingSource: getter must return [item, state], not ${show(answer)}`);
      }
      const [item, next] = answer as [T | undefined, S | undefined];
      state = next;
      awake = following(awake);
      return item === undefined ? [] : [item];
    },
    nextAwake: () => awake,
    snapshot: () => state as S,
  };
}
