/** Numbers from several parts, at a pace, into Kafka: the flow of the kill tests. A number's key is the part it is from. */
import { Dataflow, generatorSource, kafkaSink } from "../../../runtime/index.ts";

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
  made.output(
    "kafka",
    params.guarantee === "atLeastOnce" ? kafkaSink({ ...options, guarantee: "atLeastOnce" }) : kafkaSink(options),
  );
  return flow;
}
