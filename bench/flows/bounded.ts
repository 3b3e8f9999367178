/**
 * More than can be worked off: a source that gives records of 200 letters as fast as it is asked, behind it an exchange by key and
 * either a step that takes its time or a sink that does. Says how many came in and out, and the most memory that this process had.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Dataflow, type DynamicSink, type PartitionedSource } from "weir";
import { openTally } from "../data/tally.ts";

const batchRecords = 1_000;
const letters = "x".repeat(200);

export default function bounded(params: Readonly<Record<string, string>>): Dataflow {
  const tally = openTally(params.report!);
  const parts = Number(params.parts);
  const lastsMs = Number(params.seconds) * 1_000;
  const workMs = Number(params.workMs ?? 0);
  const waitMs = Number(params.waitMs ?? 0);
  let emitted = 0;
  let seen = 0;
  const source: PartitionedSource<string, number> = {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(part) {
      let next = 0;
      const start = performance.now();
      return {
        nextBatch() {
          tally.begin();
          if (performance.now() - start >= lastsMs) return null;
          emitted += batchRecords;
          // Strings of their own: what is held somewhere takes its room.
          return Array.from({ length: batchRecords }, () => `${part}:${next++}:${letters}`);
        },
        snapshot: () => next,
      };
    },
  };
  const sink: DynamicSink<number> = {
    kind: "dynamic",
    build: () => ({
      async writeBatch(items) {
        seen += items.length;
        if (waitMs > 0) await sleep(waitMs);
      },
      close: () => tally.end({ emitted, seen, rss: [process.resourceUsage().maxRSS / 1024] }),
    }),
  };
  const flow = new Dataflow("bounded");
  flow
    .input("in", source)
    .keyBy("key", (text) => text.slice(0, 8))
    .mapValue("work", (text) => {
      if (workMs > 0 && text.length % 7 === 0) for (const until = performance.now() + workMs; performance.now() < until;);
      return text;
    })
    .statefulMap("count", (count: number | undefined) => [(count ?? 0) + 1, 1])
    .unkey("ones")
    .output("out", sink);
  return flow;
}
