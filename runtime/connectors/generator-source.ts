/**
 * Records made on demand, as fast as they are taken or by a timetable. Lag is honest: with a rate it is how many records are
 * overdue, without one how many are left. Everything is per part: `count`, `ratePerSecond`, and `index`, which starts at 0.
 */
import { WeirError } from "../errors/index.ts";
import { checkOptionsObject, checkWholeNumber } from "../flow/option-checks.ts";
import { lazyBatch } from "../flow/lazy-batch.ts";
import { show } from "../flow/show.ts";
import type { PartitionedSource, SourcePart } from "../flow/source.ts";
import { type Timetable, checkRate, timetable } from "./timetable.ts";

export interface GeneratorOptions<T> {
  parts: number;
  /** Records of each part; without it there is no end. */
  count?: number;
  /** Records per second of each part; without it there is no limit. */
  ratePerSecond?: number;
  /** Records per batch, at most. Default 1,000. */
  batchSize?: number;
  /** Must give the same record for the same arguments: it is called again after a resume. */
  make: (index: number, part: number) => T;
}

/** [next index, start of the timetable] */
export type GeneratorPosition = readonly [index: number, start: number];

/** Parts are named "0", "1", …. Throws WEIR_FLOW_OPTION for an option that makes no sense. */
export function generatorSource<T>(options: GeneratorOptions<T>): PartitionedSource<T, GeneratorPosition> {
  checkOptionsObject("generatorSource", options);
  const { parts, count = Infinity, ratePerSecond, batchSize = 1_000, make } = options;
  checkWholeNumber("generatorSource", "parts", parts);
  checkWholeNumber("generatorSource", "batchSize", batchSize);
  if (count !== Infinity && !(Number.isInteger(count) && count >= 0)) {
    throw new WeirError("WEIR_FLOW_OPTION", `generatorSource: count must be an integer that is not negative, not ${show(count)}`);
  }
  if (ratePerSecond !== undefined) checkRate(ratePerSecond, "generatorSource");
  if (typeof make !== "function")
    throw new WeirError("WEIR_FLOW_OPTION", `generatorSource: make must be a function, not ${show(make)}`);
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(name, resume, context) {
      const now = context?.now ?? Date.now;
      const [index, start] = resume ?? [0, now()];
      const schedule = ratePerSecond === undefined ? undefined : timetable(start, ratePerSecond);
      return generatorPart({ part: Number(name), count, batchSize, make, now, schedule, start, index });
    },
  };
}

interface PartOptions<T> {
  readonly part: number;
  readonly count: number;
  readonly batchSize: number;
  readonly make: (index: number, part: number) => T;
  readonly now: () => number;
  readonly schedule: Timetable | undefined;
  readonly start: number;
  readonly index: number;
}

function generatorPart<T>({
  part,
  count,
  batchSize,
  make,
  now,
  schedule,
  start,
  index: first,
}: PartOptions<T>): SourcePart<T, GeneratorPosition> {
  let index = first;
  const makeOwn = (at: number): T => make(at, part);
  const dueNow = (): number => Math.min(count, schedule === undefined ? Infinity : schedule.due(now()));
  return {
    nextBatch() {
      if (index >= count) return null;
      const size = Math.max(0, Math.min(dueNow() - index, batchSize));
      const batch = lazyBatch(index, size, makeOwn);
      index += size;
      return batch;
    },
    nextAwake: () => (schedule === undefined || index >= count || schedule.due(now()) > index ? undefined : schedule.dueAt(index)),
    snapshot: () => [index, start],
    ...(schedule === undefined && count === Infinity ? {} : { lag: () => Math.max(0, dueNow() - index) }),
  };
}
