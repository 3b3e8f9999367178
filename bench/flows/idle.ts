/**
 * Nothing to do, for a while: a keyed count behind a source that has nothing, either until a time that it names or whenever it is
 * asked. Says what that cost this process, once everything has been loaded and compiled.
 */
import { Dataflow, type PartitionedSource } from "weir";
import { openTally, tallySink } from "../data/tally.ts";

export default function idle(params: Readonly<Record<string, string>>): Dataflow {
  const tally = openTally(params.report!);
  const settling = Number(params.settlingMs);
  const lasts = Number(params.lastsMs);
  const figures: Record<string, number> = {};
  const source: PartitionedSource<string, number> = {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart() {
      tally.begin();
      const end = Date.now() + settling + lasts;
      let asked = 0;
      let over = false;
      setTimeout(() => {
        const from = process.cpuUsage();
        const since = performance.now();
        setTimeout(() => {
          const { user, system } = process.cpuUsage(from);
          figures.share = (user + system) / 1000 / (performance.now() - since);
          figures.rss = process.memoryUsage.rss();
          over = true;
        }, lasts - 20);
      }, settling);
      const part = {
        nextBatch() {
          asked++;
          figures.asked = asked;
          return over ? null : [];
        },
        snapshot: () => 0,
      };
      return params.source === "sleeping" ? { ...part, nextAwake: () => (over ? -Infinity : end + 50) } : part;
    },
  };
  const flow = new Dataflow("idle");
  flow
    .input("nothing", source)
    .keyBy("key", (text) => text)
    .statefulMap("count", (seen: number | undefined) => [(seen ?? 0) + 1, 1])
    .output(
      "out",
      tallySink(
        tally,
        () => {},
        () => figures,
      ),
    );
  return flow;
}
