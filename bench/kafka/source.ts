/**
 * How fast `kafkaSource` reads records of about 100 bytes from a broker on this machine: the parts alone, then a flow around them.
 * Needs Java and Maven. Usage: node bench/kafka/source.ts [records]
 */
import { Dataflow, kafkaSource, type KafkaDeserializer } from "../../runtime/index.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { createTopic, producer } from "../../test/contracts/kafka/admin.ts";
import { startBroker } from "../../test/contracts/kafka/broker.ts";

const records = Number(process.argv[2] ?? 1_000_000);
const partitions = 4;
const topic = "bench";
const broker = await startBroker();
const brokers = broker.bootstrap;
try {
  await createTopic(broker, topic, partitions);
  const writer = producer(broker);
  const text = (i: number): string =>
    JSON.stringify({ id: i, customer: `customer-${i % 5_000}`, cents: i % 9_973, note: "x".repeat(40) });
  for (let at = 0; at < records; at += 10_000) {
    const messages = Array.from({ length: Math.min(10_000, records - at) }, (_, i) => ({
      topic,
      partition: Math.floor((at + i) / 2_500) % partitions,
      key: Buffer.from(`customer-${(at + i) % 5_000}`),
      value: Buffer.from(text(at + i)),
    }));
    await writer.send({ messages });
  }
  await writer.close();

  const report = (what: string, began: number, read: number): void => {
    const seconds = (performance.now() - began) / 1_000;
    console.log(`${what.padEnd(28)} ${Math.round(read / seconds / 1_000)} k records/s   (${read} in ${seconds.toFixed(2)} s)`);
  };
  const formats: KafkaDeserializer[] = ["bytes", "string", "json"];
  for (const value of [...formats, ...formats]) {
    const source = kafkaSource({ brokers, topics: topic, until: "end", key: value === "bytes" ? "bytes" : "string", value });
    const began = performance.now();
    let read = 0;
    await Promise.all(
      [...(await source.listParts())].map(async (name) => {
        const part = await source.buildPart(name, undefined);
        for (let batch; (batch = await part.nextBatch()) !== null;) read += [...batch].length;
        await part.close?.();
      }),
    );
    report(`parts, ${String(value)}`, began, read);
  }
  for (const value of formats) {
    let read = 0;
    const flow = new Dataflow("bench");
    flow
      .input("in", kafkaSource({ brokers, topics: topic, until: "end", key: "string", value }))
      .flatMapBatch("count", (batch) => {
        read += batch.length;
        return [];
      })
      .raises("none");
    const began = performance.now();
    await runMain(flow);
    report(`a flow, ${String(value)}`, began, read);
  }
} finally {
  await broker.close();
}
