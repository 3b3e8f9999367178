/** Numbers from several parts, at a pace, into Kafka: the flow of the kill tests. A number's key is the part it is from. */
import { Dataflow, kafkaSink, type PartitionedSource, type TransactionalSink } from "../../../runtime/index.ts";
import { watchedSink } from "../watched-sink.ts";

export default function numbers(params: Readonly<Record<string, string>>): Dataflow {
  const parts = 4;
  const count = Number(params.count) / parts;
  const flow = new Dataflow("numbers");
  const made = flow.input("numbers", paced(parts, count, Number(params.rate) / parts));
  const options = { brokers: params.brokers!, topic: params.topic!, deliveryTimeoutMs: 20_000 };
  if (params.guarantee === "atLeastOnce") made.output("kafka", kafkaSink({ ...options, guarantee: "atLeastOnce" }));
  else made.output("kafka", mortal(kafkaSink(options), params.dieAt));
  return flow;
}

/**
 * Each process keeps the pace from where it begins, however long it took to start; a timetable would give all that is overdue in one go. Says
 * "reading" when it does, for those who kill.
 */
function paced(parts: number, count: number, perSecond: number): PartitionedSource<{ key: string; value: string }, number> {
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(name, resume) {
      const part = Number(name);
      const first = resume ?? 0;
      let next = first;
      let start: number | undefined;
      return {
        nextBatch() {
          if (next >= count) return null;
          if (start === undefined) console.error("reading");
          start ??= Date.now();
          const due = Math.min(count, first + ((Date.now() - start) * perSecond) / 1000, next + 50);
          const batch: { key: string; value: string }[] = [];
          for (; next < due; next++) batch.push({ key: `part-${part}`, value: String(next * parts + part) });
          return batch;
        },
        nextAwake: () =>
          start === undefined || next >= count ? undefined : start + Math.ceil(((next + 1 - first) * 1000) / perSecond),
        snapshot: () => next,
      };
    },
  };
}

/** The process dies by SIGKILL just before or behind the second commit, or behind the second prepare. */
function mortal<T, P>(sink: TransactionalSink<T, P>, dieAt: string | undefined): TransactionalSink<T, P> {
  const passed = new Map<string, number>();
  const pass = (point: string): void => {
    passed.set(point, (passed.get(point) ?? 0) + 1);
    if (point === dieAt && passed.get(point) === 2) process.kill(process.pid, "SIGKILL");
  };
  return watchedSink(sink, pass);
}
