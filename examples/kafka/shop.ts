/**
 * Customers and an onlooker: writes orders, among them one that is not JSON, and reads the totals until they are those of the orders.
 * Usage: shop.ts [orders]
 */
import { Producer } from "@platformatic/kafka";
import { kafkaSource } from "weir";
import { brokers, makeTopics } from "./topics.ts";

const count = Number(process.argv[2] ?? 10_000);
await makeTopics();

// Behind the totals that are there already.
const totals = kafkaSource({ brokers, topics: "totals", key: "string", value: "json", start: "latest" });
const parts = await Promise.all([...(await totals.listParts())].map(async (name) => totals.buildPart(name, undefined)));

const run = `${Date.now()}`;
const spent = new Map<string, number>();
const producer = new Producer({ clientId: "shop", bootstrapBrokers: brokers, idempotent: true });
for (let at = 0; at < count; at += 1_000) {
  const messages = Array.from({ length: Math.min(1_000, count - at) }, (_, i) => {
    const order = { customer: `${run}-${((at + i) * 7) % 10}`, cents: 100 + (((at + i) * 31) % 900) };
    spent.set(order.customer, (spent.get(order.customer) ?? 0) + order.cents);
    return { topic: "orders", key: Buffer.from(order.customer), value: Buffer.from(JSON.stringify(order)) };
  });
  await producer.send({ messages });
}
await producer.send({ messages: [{ topic: "orders", value: Buffer.from("not an order") }] });
await producer.close();
console.log(`${count} orders are written; waiting for the totals`);

const seen = new Map<string, { orders: number; cents: number }>();
let records = 0;
const complete = (): boolean => [...spent].every(([customer, cents]) => seen.get(customer)?.cents === cents);
await new Promise<void>((resolve, reject) => {
  for (const part of parts) {
    const read = async (): Promise<void> => {
      while (!complete()) {
        for (const { key, value } of (await part.nextBatch()) ?? []) {
          if (key?.startsWith(run) !== true) continue;
          records++;
          seen.set(key, value);
        }
      }
      resolve();
    };
    read().catch(reject);
  }
});
console.table([...seen].toSorted().map(([customer, { orders, cents }]) => ({ customer, orders, euros: cents / 100 })));
console.log(records === count ? "every order is in the totals, once" : `${records} totals for ${count} orders`);
process.exit(records === count ? 0 : 1);
