/** Counts records per key from one topic into another: the flow of the tests that kill it and change its number of processes. */
import { Dataflow, kafkaSink, kafkaSource } from "../../../runtime/index.ts";

export default function counts(params: Readonly<Record<string, string>>): Dataflow {
  const brokers = params.brokers!;
  const flow = new Dataflow("counts");
  flow
    .input(
      "in",
      kafkaSource({
        brokers,
        topics: params.from!,
        key: "string",
        ...(params.follow === undefined ? { until: "end" } : {}),
        batchSize: 20,
        bufferBytes: 64 << 10,
      }),
    )
    // At a pace, so that there is something left to kill.
    .mapAsync("pace", (message) => new Promise<typeof message>((resolve) => setTimeout(resolve, 10, message)), { concurrency: 20 })
    .keyBy("key", ({ key }) => key!)
    .statefulMap("count", (count: number | undefined) => [(count ?? 0) + 1, (count ?? 0) + 1])
    .output("out", kafkaSink({ brokers, topic: params.to!, deliveryTimeoutMs: 20_000 }));
  return flow;
}
