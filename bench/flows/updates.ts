/**
 * Counts the updates of each key, in a fixed order of keys: `fast` updates as quickly as may be, then `rate` per second, until there were
 * `until` or for `seconds`. Four parts with
 * keys of their own, so that the number of updates of a part says what each of its counts has to be (`checkUpdates`).
 */
import { Dataflow, type PartitionedSource } from "weir";
import { instant, openTally, tallySink, type Tally } from "../data/tally.ts";
import { bucketMs, parts } from "../data/updates.ts";
import { usedBytes } from "../data/used-bytes.ts";

export default function updates(params: Readonly<Record<string, string>>): Dataflow {
  const tally = openTally(params.report!);
  const until = params.until === undefined ? Infinity : Number(params.until);
  const endless = params.seconds === undefined ? Infinity : Number(params.seconds) * 1_000;
  const counts = Array.from({ length: parts }, () => 0);
  const sums = Array.from({ length: parts }, () => 0);
  const buckets = new Set<number>();
  let first: number | undefined;
  const before = params.memory === undefined ? undefined : usedBytes();
  const flow = new Dataflow("updates");
  flow
    .input("numbers", numbers(until / parts, Number(params.fast) / parts, Number(params.rate ?? 1) / parts, endless, tally))
    .keyBy("key", (i) => `k${i % Number(params.keys)}`)
    .statefulMap("count", (count: number | undefined, i) => {
      const next = (count ?? 0) + 1;
      return [next, next * parts + (i % parts)];
    })
    .unkey("values")
    .output(
      "seen",
      tallySink(
        tally,
        (items) => {
          const now = instant();
          first ??= now;
          buckets.add(Math.floor(now / bucketMs));
          for (const item of items) {
            const part = item % parts;
            counts[part] = counts[part]! + 1;
            sums[part] = sums[part]! + Math.floor(item / parts);
          }
        },
        () => {
          const figures: Record<string, number | number[]> = {
            buckets: [...buckets],
            ...(first === undefined ? {} : { first: [first] }),
          };
          for (let part = 0; part < parts; part++) {
            figures[`count${part}`] = counts[part]!;
            figures[`sum${part}`] = sums[part]!;
          }
          if (before !== undefined) figures.used = usedBytes() - before;
          // The next execution of this worker tells its own.
          counts.fill(0);
          sums.fill(0);
          buckets.clear();
          return figures;
        },
      ),
    );
  return flow;
}

interface Position {
  readonly next: number;
  readonly paceStart?: number;
}

function numbers(
  until: number,
  fast: number,
  perSecond: number,
  lastsMs: number,
  tally: Tally,
): PartitionedSource<number, Position> {
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(name, resume) {
      const part = Number(name);
      let next = resume?.next ?? 0;
      let paceStart = resume?.paceStart;
      const dueAt = (i: number): number => paceStart! + ((i - fast) * 1000) / perSecond;
      return {
        nextBatch() {
          tally.begin();
          const now = instant();
          if (next >= until || now - tally.begun() >= lastsMs) return null;
          const batch: number[] = [];
          if (next >= fast) paceStart ??= now;
          for (; batch.length < 4_096 && next < until && (next < fast || (paceStart !== undefined && dueAt(next) <= now)); next++)
            batch.push(next * parts + part);
          return batch;
        },
        nextAwake: () => (next < fast || next >= until || paceStart === undefined ? undefined : dueAt(next)),
        snapshot: () => (paceStart === undefined ? { next } : { next, paceStart }),
      };
    },
  };
}
