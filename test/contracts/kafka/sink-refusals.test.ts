/** What `kafkaSink` cannot write to a real broker, and what it says then. */
import { describe, expect, test } from "vitest";
import { createTopic } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { allow, sinkWorld } from "./sink-world.ts";

await whenKafka(() => {
  const world = sinkWorld();
  const { sinkTo, numbers, values, run } = world;

  describe("what cannot be written", () => {
    test("a record that is too large", async () => {
      await createTopic(world.broker, "small", 1, { "max.message.bytes": "10000" });
      const items = [...numbers(0, 10), { key: "poison", value: "x".repeat(20_000) }];
      const error = {
        code: "WEIR_SINK_FAILED",
        step: "to kafka",
        message: expect.stringMatching(
          /Topic "small" does not take a record with a key of 6 and a value of 20000 bytes: it is too large/,
        ),
      };
      await expect(run(sinkTo("small", { batchBytes: 5_000 }) as never, items)).rejects.toMatchObject(error);
      const plain = sinkTo("small", { batchBytes: 5_000, guarantee: "atLeastOnce" });
      await expect(run(plain as never, items)).rejects.toMatchObject(error);
      const batches = { code: "WEIR_SINK_FAILED", message: expect.stringMatching(/set the sink's batchBytes below/) };
      await expect(run(sinkTo("small") as never, numbers(0, 2_000))).rejects.toMatchObject(batches);
    });

    test("a topic that is not there", async () => {
      const error = {
        code: "WEIR_SINK_FAILED",
        step: "to kafka",
        message: expect.stringMatching(/Cannot write to topic "nowhere": there is no such topic/),
      };
      await expect(run(sinkTo("nowhere") as never, [])).rejects.toMatchObject(error);
      await createTopic(world.broker, "somewhere");
      const items = [{ value: "1", topic: "nowhere" }];
      await expect(run(sinkTo("somewhere") as never, items)).rejects.toMatchObject(error);
    });

    test("a partition that is not there", async () => {
      await createTopic(world.broker, "two", 2);
      const error = {
        code: "WEIR_SINK_FAILED",
        message: expect.stringMatching(/"two" has 2 partitions, and a record is for partition 2/),
      };
      await expect(run(sinkTo("two") as never, [{ value: "1", partition: 2 }])).rejects.toMatchObject(error);
    });

    test("a timeout above the broker's", async () => {
      await createTopic(world.broker, "patient");
      const error = { code: "WEIR_SINK_FAILED", step: "to kafka", message: expect.stringMatching(/transaction\.max\.timeout\.ms/) };
      await expect(run(sinkTo("patient", { transactionTimeoutMs: 900_001 }) as never, numbers(0, 1))).rejects.toMatchObject(error);
    });

    test("with wrong credentials, or without the rights", async () => {
      await createTopic(world.broker, "guarded");
      const sasl = { mechanism: "PLAIN", username: "weir", password: "weir-secret" } as const;
      const as = (password: string) => sinkTo("guarded", { brokers: world.broker.sasl, sasl: { ...sasl, password } });
      const wrong = await run(as("guess") as never, []).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(wrong).toMatchObject({ code: "WEIR_SINK_FAILED", step: "to kafka", message: expect.stringMatching(/credentials/) });
      expect(wrong!.message).not.toContain("guess");
      const refused = (message: RegExp) => ({
        code: "WEIR_SINK_FAILED",
        step: "to kafka",
        message: expect.stringMatching(message),
      });
      await expect(run(as("weir-secret") as never, [])).rejects.toMatchObject(refused(/allow it the operation Write on the topic/));
      await allow(world.broker, "topic", "guarded");
      await expect(run(as("weir-secret") as never, numbers(0, 1))).rejects.toMatchObject(
        refused(/Write and Describe on transactional ids/),
      );
      await allow(world.broker, "transactionalId", "guarded");
      await run(as("weir-secret") as never, numbers(0, 10));
      expect(await values("guarded")).toHaveLength(10);
    });

    test("to a broker that is not there", async () => {
      const sink = sinkTo("any", { brokers: "127.0.0.1:1", deliveryTimeoutMs: 300 });
      const error = {
        code: "WEIR_SINK_INTERRUPTED",
        step: "to kafka",
        message: expect.stringMatching(/write to topic "any": no success within 0.3 s.*NETWORK/),
      };
      await expect(run(sink as never, [])).rejects.toMatchObject(error);
    });
  });
});
