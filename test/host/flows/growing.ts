/**
 * A flow whose parts appear while it runs: each file in `directory`/in is one, with a JSON line [key, value] per record. A line
 * "pause" ends the part for this run; the next one goes on behind it. Steps: sum (running sums), hours (windows of 10), both (a
 * join of odd and even values that is not over before the end).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Dataflow, dirSink, eventClock, type PartitionedSource, tumbling } from "../../../runtime/index.ts";

export type Line = readonly [key: string, value: number];

export function growingSource(directory: string): PartitionedSource<Line, number> {
  return {
    kind: "partitioned",
    listParts: () => (existsSync(directory) ? readdirSync(directory) : []),
    buildPart(part, resume) {
      let next = resume ?? 0;
      let awake = 0;
      return {
        nextAwake: () => awake,
        nextBatch() {
          const lines = readFileSync(join(directory, part), "utf8").split("\n").slice(next, -1);
          const pause = lines.indexOf("pause");
          if (pause === 0) {
            next++;
            return null;
          }
          const read = pause < 0 ? lines : lines.slice(0, pause);
          next += read.length;
          awake = read.length === 0 ? Date.now() + 20 : 0;
          return read.map((line) => JSON.parse(line) as Line);
        },
        snapshot: () => next,
      };
    },
  };
}

export default function growing({ directory }: Readonly<Record<string, string>>): Dataflow {
  const flow = new Dataflow("growing");
  const values = flow.input("in", growingSource(join(directory!, "in"))).asKeyed();
  values
    .statefulMap("sum", (before: number | undefined, value) => {
      const sum = (before ?? 0) + value;
      return [sum, JSON.stringify([value, sum])];
    })
    .output("sums", dirSink(join(directory!, "sums"), { parts: 2 }));
  values
    .window("hours", {
      clock: eventClock({ timestamp: (value) => value, waitMs: Infinity }),
      windower: tumbling({ lengthMs: 10, alignTo: 0 }),
    })
    .collect()
    .down.inspect("windows", () => {});
  const odd = values.filterValue("odd", (value) => value % 2 === 1);
  const even = values.filterValue("even", (value) => value % 2 === 0);
  odd.join("both", [even], { insert: "product", emit: "final" }).inspect("joined", () => {});
  return flow;
}
