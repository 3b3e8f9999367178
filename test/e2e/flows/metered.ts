/**
 * Running sums behind a meter: a process reads `quota` records a second and no more, while `rate` arrive in each of the four
 * parts, as a live source would that nobody can slow down. More workers are the only way to keep up.
 */
import { Dataflow, dirSink, generatorSource, type PartitionedSource } from "weir";

export default function metered(params: Readonly<Record<string, string>>): Dataflow {
  const { dir, rate, count, quota } = params;
  const flow = new Dataflow("metered");
  const source = generatorSource({
    parts: 4,
    ratePerSecond: Number(rate),
    count: Number(count),
    batchSize: 50,
    make: (index, part): [string, number] => [`k${part}-${index % 5}`, index],
  });
  flow
    .input("numbers", throttled(source, Number(quota)))
    .asKeyed()
    .statefulMap("sum", (before: number | undefined, index): [number, [number, number]] => {
      const now = (before ?? 0) + index;
      return [now, [index, now]];
    })
    .map("line", ([key, [index, now]]): [string, string] => [key, `${key} ${index} ${now} -`])
    .asKeyed()
    .output("out", dirSink(`${dir}/out`, { parts: 3 }));
  return flow;
}

function throttled<T, S>(source: PartitionedSource<T, S>, perSecond: number): PartitionedSource<T, S> {
  let free = Date.now();
  return {
    ...source,
    async buildPart(part, resume) {
      const inner = await source.buildPart(part, resume);
      let next: number | undefined;
      return {
        ...inner,
        nextBatch() {
          const now = Date.now();
          next = undefined;
          if (free > now) {
            next = free;
            return [];
          }
          const batch = inner.nextBatch() as readonly T[] | null;
          free = Math.max(free, now - 100) + ((batch?.length ?? 0) * 1000) / perSecond;
          return batch;
        },
        nextAwake: () => next ?? inner.nextAwake?.(),
      };
    },
  };
}
