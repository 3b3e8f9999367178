/** Records at a steady rate, each the moment at which it was due; a keyed count in between; the sink looks at the clock. */
import { Dataflow, type PartitionedSource } from "weir";
import { lowbias32 } from "../data/lowbias32.ts";
import { instant, openTally, tallySink, type Tally } from "../data/tally.ts";

interface Due {
  readonly key: string;
  /** Milliseconds since the Unix epoch. What waits in the source counts as waiting. */
  readonly at: number;
}

export default function latency(params: Readonly<Record<string, string>>): Dataflow {
  const parts = Number(params.parts);
  const tally = openTally(params.report!);
  const warmUp = Number(params.warmUpMs);
  const waits: number[] = [];
  let count = 0;
  const flow = new Dataflow("latency");
  flow
    .input("due", paced(Number(params.records) / parts, Number(params.rate) / parts, parts, tally))
    .keyBy("key", ({ key }) => key)
    .statefulMap("count", (seen: number | undefined, { at }) => [(seen ?? 0) + 1, at])
    .unkey("values")
    .output(
      "waits",
      tallySink(
        tally,
        (items) => {
          const now = instant();
          count += items.length;
          for (const at of items) if (at - tally.begun() > warmUp) waits.push(Math.round((now - at) * 1000) / 1000);
        },
        () => ({ count, waits }),
      ),
    );
  return flow;
}

function paced(count: number, perSecond: number, parts: number, tally: Tally): PartitionedSource<Due, number> {
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(_part, resume) {
      let next = resume ?? 0;
      let start: number | undefined;
      const dueAt = (i: number): number => start! + (i * 1000) / perSecond;
      return {
        nextBatch() {
          tally.begin();
          start ??= instant();
          if (next >= count) return null;
          const batch: Due[] = [];
          for (const now = instant(); next < count && dueAt(next) <= now; next++)
            batch.push({ key: `k${lowbias32(next) % 1000}`, at: dueAt(next) });
          return batch;
        },
        nextAwake: () => (start === undefined || next >= count ? undefined : dueAt(next)),
        snapshot: () => next,
      };
    },
  };
}
