/** A Kafka broker on localhost:9092 for whoever has Java 17 and Maven, until it is stopped; its data goes with it. The first start fetches Kafka. */
import { startBroker } from "../../test/contracts/kafka/broker.ts";

const broker = await startBroker({ port: Number(process.env.KAFKA_PORT ?? 9092) });
process.env.KAFKA_BROKERS = broker.bootstrap[0];
const { makeTopics } = await import("./topics.ts");
await makeTopics();
console.log(`Kafka is up at ${broker.bootstrap[0]}; Ctrl-C stops it`);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void broker.close().then(() => process.exit(0)));
}
