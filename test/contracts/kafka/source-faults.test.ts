/** `kafkaSource` while its broker, its connection or its topic fails: each record is given once and in order, or the error says what is lost. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Dataflow, type KafkaSourceOptions, kafkaSource } from "../../../runtime/index.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";
import { createTopic, deleteRecords, produce } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";

await whenKafka(() => {
  let broker: Broker;
  let topic: string;
  let count = 0;
  const partitions = 3;
  const records = 30_000;
  beforeAll(async () => {
    broker = await startBroker();
  }, 60_000);
  afterAll(() => broker?.close());
  afterEach(() => {
    broker.proxy.refuse = broker.proxy.stalled = false;
    broker.proxy.delayMs = 0;
  });
  beforeEach(async () => {
    topic = `faults-${++count}`;
    await createTopic(broker, topic, partitions);
  });

  const fill = (from = 0, to = records): Promise<void> =>
    produce(
      broker,
      Array.from({ length: to - from }, (_, i) => ({ topic, partition: (from + i) % partitions, value: `v${from + i}` })),
    );
  const open = (options: Partial<KafkaSourceOptions<"bytes", "string">> = {}) => {
    const source = kafkaSource({
      brokers: broker.proxied,
      topics: topic,
      value: "string",
      batchSize: 200,
      bufferBytes: 64 << 10,
      requestTimeoutMs: 1_000,
      ...options,
    });
    return Promise.all(Array.from({ length: partitions }, async (_, i) => source.buildPart(`${topic}/${i}`, undefined)));
  };
  type Part = Awaited<ReturnType<typeof open>>[number];
  /** Reads all parts side by side until each has `each` records; `onBatch` is called between batches. */
  const readAll = async (parts: readonly Part[], each: number, onBatch: () => unknown = () => undefined): Promise<void> => {
    await Promise.all(
      parts.map(async (part, partition) => {
        let next = 0;
        while (next < each) {
          for (const { offset, value } of (await part.nextBatch()) ?? []) {
            expect([offset, value]).toEqual([next, `v${next * partitions + partition}`]);
            next++;
          }
          await onBatch();
        }
        expect(part.snapshot()).toBe(each);
      }),
    );
    await Promise.all(parts.map((part) => part.close?.()));
  };

  test("connections that are cut, in mid-answer or between answers: it reads on by itself", async () => {
    await fill();
    const parts = await open();
    let batches = 0;
    await readAll(parts, records / partitions, async () => {
      batches++;
      if (batches % 25 === 0) broker.proxy.cutAfter(1_000 + ((batches * 977) % 30_000));
      if (batches % 40 === 0) broker.proxy.cut();
      await sleep(1);
    });
    expect(batches).toBeGreaterThan(100);
  });

  test("a broker that refuses connections for a while: it tries on, and reads on when it may", async () => {
    await fill(0, 3_000);
    const parts = await open();
    let refused = false;
    await readAll(parts, 1_000, async () => {
      if (refused) return;
      refused = true;
      broker.proxy.refuse = true;
      broker.proxy.cut();
      setTimeout(() => (broker.proxy.refuse = false), 1_500);
    });
  });

  test("answers that do not come: given up after requestTimeoutMs, asked for again", async () => {
    await fill(0, 9_000);
    const parts = await open();
    let stalled = false;
    await readAll(parts, 3_000, async () => {
      if (stalled || parts[0]!.snapshot() < 500) return;
      stalled = true;
      broker.proxy.stalled = true;
      // A question about the lag is answered all the same, with what was known last.
      const began = performance.now();
      await Promise.resolve(parts[0]!.lag!());
      expect(performance.now() - began).toBeLessThan(2_000);
      setTimeout(() => (broker.proxy.stalled = false), 2_500);
    });
    expect(stalled).toBe(true);
  });

  test("answers that are slow: only slower", async () => {
    await fill(0, 3_000);
    broker.proxy.delayMs = 100;
    await readAll(await open(), 1_000);
  });

  test(
    "a broker that is killed and restarted: it reads on by itself, and says its lag meanwhile",
    { timeout: 120_000 },
    async () => {
      await fill();
      const parts = await open();
      let killed: Promise<void> | undefined;
      let batches = 0;
      await readAll(parts, records / partitions, () => {
        if (++batches !== 20) return;
        killed = (async () => {
          await broker.kill();
          expect(await parts[0]!.lag!()).toBeGreaterThan(0);
          await sleep(500);
          await broker.restart();
        })();
      });
      await killed;
    },
  );

  describe("the next record is not there any more", () => {
    const resumed = async (options: Partial<KafkaSourceOptions<"bytes", "string">> = {}) => {
      const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", ...options });
      const part = await source.buildPart(`${topic}/0`, 10);
      try {
        for (;;) {
          const batch = [...((await part.nextBatch()) ?? [])];
          if (batch.length > 0) return batch[0]!.offset;
        }
      } finally {
        await part.close?.();
      }
    };
    test("deleted by retention: WEIR_SOURCE_POSITION with what is there, or on from where the options say", async () => {
      await fill(0, 300);
      await deleteRecords(broker, topic, 0, 50);
      await expect(resumed()).rejects.toMatchObject({
        code: "WEIR_SOURCE_POSITION",
        message: expect.stringMatching(/partition 0, at offset 10: it has offsets 50 to 99 .*deleted/),
      });
      expect(await resumed({ onOutOfRange: "earliest" })).toBe(50);
      const latest = resumed({ onOutOfRange: "latest" });
      await sleep(500);
      await fill(300, 303);
      expect(await latest).toBe(100);
    });
    test("a topic made anew: WEIR_SOURCE_POSITION", async () => {
      await fill(0, 15);
      await expect(resumed()).rejects.toMatchObject({ code: "WEIR_SOURCE_POSITION", message: expect.stringMatching(/made anew/) });
      await expect(resumed({ until: "end" })).rejects.toMatchObject({ code: "WEIR_SOURCE_POSITION" });
    });
  });

  test("a resumed part asks nothing of the brokers to begin, so that a flow resumes while they are away", async () => {
    const source = kafkaSource({ brokers: "127.0.0.1:1", topics: topic });
    const part = source.buildPart(`${topic}/0`, 7);
    expect(part).not.toBeInstanceOf(Promise);
    const built = await part;
    expect(built.snapshot()).toBe(7);
    // Nobody knows it, and zero would be a lie.
    await expect(Promise.resolve(built.lag!())).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED" });
    await built.close?.();
  });

  test("a flow that resumes while brokers are away reads on when they are back", async () => {
    const directory = mkdtempSync(join(tmpdir(), "weir-kafka-away-"));
    const run = async (): Promise<(string | null)[]> => {
      const values: (string | null)[] = [];
      const flow = new Dataflow("away");
      flow
        .input("in", kafkaSource({ brokers: broker.proxied, topics: topic, value: "string", until: "end" }))
        .map("value", ({ value }) => value)
        .output("out", testSink(values));
      await runMain(flow, { epochMs: 20, recovery: { store: `file://${directory}`, snapshotMs: 50 } });
      return values;
    };
    await fill(0, 300);
    expect(await run()).toHaveLength(300);
    await fill(300, 309);
    broker.proxy.refuse = true;
    broker.proxy.cut();
    let away = true;
    const running = run().finally(() => expect(away).toBe(false));
    await sleep(1_500);
    away = false;
    broker.proxy.refuse = false;
    expect((await running).toSorted()).toEqual(Array.from({ length: 9 }, (_, i) => `v${300 + i}`));
    rmSync(directory, { recursive: true, force: true });
  });

  test("a topic that is deleted and not made again stops the flow", { timeout: 90_000 }, async () => {
    await fill(0, 300);
    const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string" });
    const part = await source.buildPart(`${topic}/0`, undefined);
    let read = 0;
    while (read < 100) read += [...((await part.nextBatch()) ?? [])].length;
    const admin = new Admin({ clientId: "test", bootstrapBrokers: broker.bootstrap });
    await admin.deleteTopics({ topics: [topic] });
    await admin.close();
    await expect(part.nextBatch()).rejects.toMatchObject({
      code: "WEIR_SOURCE_FAILED",
      message: expect.stringMatching(/no such topic/),
    });
    await part.close?.();
  });
});
