/** How `kafkaSource` meets a real broker: as a group, over TLS, with credentials, and what it says where that fails. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { Consumer } from "@platformatic/kafka";
import { describe, expect, test } from "vitest";
import { kafkaSource } from "../../../runtime/index.ts";
import { groupOffsets, produce } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { sourceWorld } from "./source-world.ts";

await whenKafka(() => {
  const world = sourceWorld();
  const { topicOf, texts, store, collect, failure } = world;

  describe("consumer group", () => {
    test("gets positions once a snapshot that holds them is committed, and has no members", async () => {
      const topic = await topicOf(2);
      await produce(world.broker, texts(topic, 0, 10, 2));
      const groupId = `group-${topic}`;
      const source = () => kafkaSource({ brokers: world.broker.bootstrap, topics: topic, until: "end", groupId });
      await collect(source());
      await sleep(300);
      expect(await groupOffsets(world.broker, groupId)).toEqual({});
      await collect(source(), { recovery: store() });
      await expect.poll(() => groupOffsets(world.broker, groupId)).toEqual({ [`${topic}/0`]: 5, [`${topic}/1`]: 5 });
    });

    test("gets nothing while a consumer is its member, and positions again when that has left", async () => {
      const topic = await topicOf();
      await produce(world.broker, texts(topic, 0, 10));
      const groupId = `group-${topic}`;
      const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, until: "end", groupId });
      const member = new Consumer({ groupId, clientId: "test", bootstrapBrokers: world.broker.bootstrap });
      member.topics.track(topic);
      await member.joinGroup();
      try {
        expect(await collect(source, { recovery: store() })).toHaveLength(10);
        await sleep(500);
        expect(await groupOffsets(world.broker, groupId)).toEqual({});
      } finally {
        await member.close(true);
      }
      expect(await collect(source, { recovery: store() })).toHaveLength(10);
      await expect.poll(() => groupOffsets(world.broker, groupId), { timeout: 10_000 }).toEqual({ [`${topic}/0`]: 10 });
    });

    test("is not read: a flow resumes where its snapshot says", async () => {
      const topic = await topicOf();
      await produce(world.broker, texts(topic, 0, 10));
      const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, until: "end", groupId: `group-${topic}` });
      const recovery = store();
      expect(await collect(source, { recovery })).toHaveLength(10);
      expect(await collect(source, { recovery: store() })).toHaveLength(10);
      expect(await collect(source, { recovery })).toHaveLength(0);
    });
  });

  test("TLS, as the client library has it; without the authority's certificate it is refused", async () => {
    const topic = await topicOf(2);
    await produce(world.broker, texts(topic, 0, 10, 2));
    const { bootstrap, ca } = world.broker.tls!;
    const options = { brokers: bootstrap, topics: topic, until: "end" } as const;
    expect(await collect(kafkaSource({ ...options, tls: { ca } }))).toHaveLength(10);
    const began = performance.now();
    const error = await failure(collect(kafkaSource({ ...options, tls: {} })));
    expect(error).toMatchObject({
      code: "WEIR_SOURCE_FAILED",
      step: "in",
      message: expect.stringMatching(/certificate is refused.*tls\.ca/),
    });
    const plain = await failure(collect(kafkaSource(options)));
    expect(plain).toMatchObject({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(/requires TLS/) });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  describe("what is wrong is said at once", () => {
    const started = (options: { brokers?: string[]; topics?: string; connectTimeoutMs?: number; sasl?: object }) =>
      failure(collect(kafkaSource({ brokers: world.broker.bootstrap, topics: "absent", until: "end", ...options } as never)));

    test("a topic that is missing", async () => {
      const error = await started({});
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toMatch(/"absent".*no such topic.*create it first/);
    });
    test("brokers that do not answer within the time given", async () => {
      const error = await started({ brokers: ["127.0.0.1:1"], connectTimeoutMs: 500 });
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toMatch(/127\.0\.0\.1:1.*NETWORK/);
    });
    test("credentials that are refused: without a second try, and without showing them", async () => {
      const began = performance.now();
      const sasl = { mechanism: "PLAIN", username: "weir", password: "not-the-Secret" };
      const error = await started({ brokers: world.broker.sasl, sasl });
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toMatch(/refused the credentials/);
      expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain("not-the-Secret");
    });
    test("and with the right ones it reads", async () => {
      const topic = await topicOf();
      await produce(world.broker, texts(topic, 0, 3));
      const sasl = { mechanism: "PLAIN", username: "weir", password: "weir-secret" } as const;
      expect(await collect(kafkaSource({ brokers: world.broker.sasl, topics: topic, sasl, until: "end" }))).toHaveLength(3);
    });
  });
});
