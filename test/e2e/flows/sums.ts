/**
 * Running sums of numbers that a timetable brings: each line of the output says key, index and sum, so that a line that is
 * lost, doubled or wrong shows by itself. Keys belong to one part of the source each: their values come in order.
 *
 * Params: `dir`, which pods and test share; `rate` and `count` of each of the four parts; `tag`, written on every line; `sum`, the id of
 * the stateful step; `failAt`, the index that is too much for the flow.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { Dataflow, dirSink, generatorSource } from "weir";

export default function sums(params: Readonly<Record<string, string>>): Dataflow {
  const { dir, rate, count, tag = "-", sum = "sum", failAt } = params;
  // Where to aim: a test that kills this process wants to know its number, and sees by the time that there is another.
  mkdirSync(`${dir}/pids`, { recursive: true });
  const file = `${dir}/pids/${process.env.WEIR_POD_NAME}`;
  writeFileSync(`${file}.new`, `${process.pid} ${Date.now()}`);
  renameSync(`${file}.new`, file);

  const flow = new Dataflow("sums");
  const source = generatorSource({
    parts: 4,
    ...(rate === undefined ? {} : { ratePerSecond: Number(rate) }),
    ...(count === undefined ? {} : { count: Number(count) }),
    batchSize: 100,
    make: (index, part): [string, number] => [`k${part}-${index % 5}`, index],
  });
  flow
    .input("numbers", source)
    .map("check", (item) => {
      if (failAt !== undefined && item[1] >= Number(failAt)) throw new Error(`${item[1]} is too much`);
      return item;
    })
    .asKeyed()
    .statefulMap(sum, (before: number | undefined, index): [number, [number, number]] => {
      const now = (before ?? 0) + index;
      return [now, [index, now]];
    })
    .map("line", ([key, [index, now]]): [string, string] => [key, `${key} ${index} ${now} ${tag}`])
    .asKeyed()
    .output("out", dirSink(`${dir}/out`, { parts: 3 }));
  return flow;
}
