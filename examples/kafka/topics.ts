/** The topics of this example, made if they are not there. */
import { Admin } from "@platformatic/kafka";

export const brokers = (process.env.KAFKA_BROKERS ?? "localhost:9092").split(",");

export async function makeTopics(): Promise<void> {
  const admin = new Admin({ clientId: "shop", bootstrapBrokers: brokers });
  try {
    const there = new Set(await admin.listTopics());
    const topics = ["orders", "totals", "orders-set-aside"].filter((topic) => !there.has(topic));
    if (topics.length > 0) await admin.createTopics({ topics, partitions: 4, replicas: 1 });
  } finally {
    await admin.close();
  }
}
