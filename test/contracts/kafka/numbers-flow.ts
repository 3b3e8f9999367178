/** Numbers from several parts, at a pace, into Kafka: the flow of the kill tests. A number's key is the part it is from. */
import { Dataflow, generatorSource, kafkaSink, type TransactionalSink } from "../../../runtime/index.ts";
import { watchedSink } from "../watched-sink.ts";

export default function numbers(params: Readonly<Record<string, string>>): Dataflow {
  const parts = 4;
  const count = Number(params.count) / parts;
  const flow = new Dataflow("numbers");
  const made = flow.input(
    "numbers",
    generatorSource({
      parts,
      count,
      ratePerSecond: Number(params.rate) / parts,
      batchSize: 50,
      make: (index, part) => ({ key: `part-${part}`, value: String(index * parts + part) }),
    }),
  );
  const options = { brokers: params.brokers!, topic: params.topic!, deliveryTimeoutMs: 20_000 };
  if (params.guarantee === "atLeastOnce") made.output("kafka", kafkaSink({ ...options, guarantee: "atLeastOnce" }));
  else made.output("kafka", mortal(kafkaSink(options), params.dieAt));
  return flow;
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
