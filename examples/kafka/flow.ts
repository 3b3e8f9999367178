/**
 * A service between two topics: orders come in, each gives its customer's new total, exactly once for whoever reads committed records.
 * Orders that are not JSON are set aside in a topic of their own.
 */
import { Dataflow, kafkaInput, kafkaSink } from "weir";

interface Order {
  readonly customer: string;
  readonly cents: number;
}
interface Total {
  readonly orders: number;
  readonly cents: number;
}

/** Params: `brokers` (default localhost:9092). Topics: `orders` in, `totals` and `orders-set-aside` out. */
export default function totals(params: Readonly<Record<string, string>>): Dataflow {
  const brokers = (params.brokers ?? "localhost:9092").split(",");
  const flow = new Dataflow("customer-totals");
  const { messages, errors } = kafkaInput(flow, "orders", { brokers, topics: "orders", value: "json", groupId: "customer-totals" });
  messages
    .map("order", ({ value }) => value as Order)
    .keyBy("customer", ({ customer }) => customer)
    .statefulMap("total", (before: Total | undefined, { cents }) => {
      const total = { orders: (before?.orders ?? 0) + 1, cents: (before?.cents ?? 0) + cents };
      return [total, total];
    })
    .output("totals", kafkaSink({ brokers, topic: "totals" }));
  errors
    .map("reason", ({ value, error, partition, offset }) => ({
      value,
      headers: { error, partition: `${partition}`, offset: `${offset}` },
    }))
    .output("set aside", kafkaSink({ brokers, topic: "orders-set-aside" }));
  return flow;
}
