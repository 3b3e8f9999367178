/** What `kafkaSource` makes of the records of a real broker: decoded, unpacked, and of transactions. */
import { Producer } from "@platformatic/kafka";
import { describe, expect, test } from "vitest";
import { Dataflow, type KafkaBadRecord, kafkaInput, kafkaSource } from "../../../runtime/index.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";
import { produce } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { sourceWorld } from "./source-world.ts";

await whenKafka(() => {
  const world = sourceWorld();
  const { topicOf, texts, collect, failure, take } = world;

  describe("deserializers", () => {
    test("string, json and functions; null keys and tombstones stay null", async () => {
      const topic = await topicOf();
      const producer = new Producer({ clientId: "test", bootstrapBrokers: world.broker.bootstrap });
      await producer.send({ messages: [{ topic, partition: 0, key: Buffer.from("k"), value: null as never }] });
      await producer.close();
      await produce(world.broker, [{ topic, partition: 0, value: '{"n":1}' }]);
      const read = async (value: "string" | "json" | ((bytes: Buffer) => number)) =>
        (await collect(kafkaSource({ brokers: world.broker.bootstrap, topics: topic, key: "string", value, until: "end" }))).map(
          (m) => [m.key, m.value],
        );
      expect(await read("string")).toEqual([
        ["k", null],
        [null, '{"n":1}'],
      ]);
      expect(await read("json")).toEqual([
        ["k", null],
        [null, { n: 1 }],
      ]);
      expect(await read((bytes) => bytes.length)).toEqual([
        ["k", null],
        [null, 7],
      ]);
    });

    test("a record that cannot be decoded stops the flow, and the error says which", async () => {
      const topic = await topicOf();
      await produce(
        world.broker,
        ["1", "{", "3"].map((value) => ({ topic, partition: 0, value })),
      );
      const error = await failure(
        collect(kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "json", until: "end" })),
      );
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toContain(`topic "${topic}", partition 0, offset 1`);
    });

    test("kafkaInput sets it aside, with its bytes and the error, and goes on", async () => {
      const topic = await topicOf();
      await produce(
        world.broker,
        ["1", "{", "3"].map((value) => ({ topic, partition: 0, key: "k", value })),
      );
      const [good, bad]: [unknown[], KafkaBadRecord[]] = [[], []];
      const flow = new Dataflow("aside");
      const { messages, errors } = kafkaInput(flow, "in", {
        brokers: world.broker.bootstrap,
        topics: topic,
        value: "json",
        until: "end",
      });
      messages.map("value", ({ value }) => value as unknown).output("good", testSink(good));
      errors.output("bad", testSink(bad));
      await runMain(flow);
      expect(good).toEqual([1, 3]);
      expect(bad).toMatchObject([{ topic, partition: 0, offset: 1, bad: "value", key: Buffer.from("k"), value: Buffer.from("{") }]);
      expect(bad[0]!.error).toMatch(/JSON/);
    });
  });

  test.each(["gzip", "snappy", "lz4", "zstd"] as const)("reads what was compressed by %s", async (compression) => {
    const topic = await topicOf();
    const producer = new Producer({ clientId: "test", bootstrapBrokers: world.broker.bootstrap, compression });
    const messages = texts(topic, 0, 500).map((record) => ({ ...record, value: Buffer.from(record.value) }));
    await producer.send({ messages });
    await producer.close();
    const out = await collect(
      kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "string", until: "end", batchSize: 77 }),
    );
    expect(out.map(({ value }) => value)).toEqual(texts(topic, 0, 500).map(({ value }) => value));
  });

  test("read_committed leaves out what was aborted and waits for what is open; read_uncommitted gives all", async () => {
    const topic = await topicOf();
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: world.broker.bootstrap,
      transactionalId: `tx-${topic}`,
      idempotent: true,
    });
    const send = async (value: string, how: "commit" | "abort" | "leave") => {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: [{ topic, partition: 0, value: Buffer.from(value) }] });
      if (how !== "leave") await transaction[how]();
      return transaction;
    };
    await send("a", "commit");
    await send("b", "abort");
    await send("c", "commit");
    const open = await send("d", "leave");
    await produce(world.broker, [{ topic, partition: 0, value: "e" }]);
    const read = async (isolation?: "read_uncommitted") =>
      (
        await collect(
          kafkaSource({
            brokers: world.broker.bootstrap,
            topics: topic,
            value: "string",
            until: "end",
            ...(isolation && { isolation }),
          }),
        )
      ).map(({ value }) => value);
    expect(await read()).toEqual(["a", "c"]);
    expect(await read("read_uncommitted")).toEqual(["a", "b", "c", "d", "e"]);
    await open.commit();
    expect(await read()).toEqual(["a", "c", "d", "e"]);
    // Markers have offsets too, and are passed.
    const part = await kafkaSource({ brokers: world.broker.bootstrap, topics: topic }).buildPart(`${topic}/0`, undefined);
    await take(part, 4);
    await expect.poll(async () => (void part.nextBatch(), part.lag!())).toBe(0);
    await part.close?.();
    await producer.close();
  });
});
