/** `kafkaSource` against a real broker: parts, where they begin, what is counted once. Faults are in source-faults.test.ts. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Dataflow, isWeirError, type KafkaMessage, kafkaSource, type PartitionedSource } from "../../../runtime/index.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";
import { addPartitions, produce } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { sourceWorld } from "./source-world.ts";

type Texts = PartitionedSource<KafkaMessage<string, string>, number>;

await whenKafka(() => {
  const world = sourceWorld();
  const { topicOf, texts, store, collect, failure, runUntil, take } = world;

  test("gives topic, partition, offset, timestamp, key, value and headers, of all partitions of all topics", async () => {
    const [one, two] = [await topicOf(2), await topicOf()];
    await produce(world.broker, [
      { topic: one, partition: 0, key: "a", value: "x", timestamp: 1_000, headers: { kind: "first", empty: "" } },
      { topic: one, partition: 0, value: "y", timestamp: 2_000 },
      { topic: one, partition: 1, key: "b", value: "z", timestamp: 3_000 },
      { topic: two, partition: 0, key: "c", value: "w", timestamp: 4_000 },
    ]);
    const out = await collect(kafkaSource({ brokers: world.broker.bootstrap, topics: [one, two], until: "end" }));
    const bytes = (text: string): Buffer => Buffer.from(text);
    expect(out.toSorted((a, b) => a.timestamp - b.timestamp)).toEqual([
      {
        topic: one,
        partition: 0,
        offset: 0,
        timestamp: 1_000,
        key: bytes("a"),
        value: bytes("x"),
        headers: [
          ["kind", bytes("first")],
          ["empty", bytes("")],
        ],
      },
      { topic: one, partition: 0, offset: 1, timestamp: 2_000, key: null, value: bytes("y"), headers: [] },
      { topic: one, partition: 1, offset: 0, timestamp: 3_000, key: bytes("b"), value: bytes("z"), headers: [] },
      { topic: two, partition: 0, offset: 0, timestamp: 4_000, key: bytes("c"), value: bytes("w"), headers: [] },
    ]);
  });

  test("has a part per partition, whose position is the offset of the next record", async () => {
    const topic = await topicOf(3);
    await produce(world.broker, texts(topic, 0, 30, 3));
    const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, batchSize: 4 });
    expect([...(await source.listParts())]).toEqual([`${topic}/0`, `${topic}/1`, `${topic}/2`]);
    const part = await source.buildPart(`${topic}/1`, undefined);
    expect(part.snapshot()).toBe(0);
    expect((await take(part, 4)).map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);
    expect(part.snapshot()).toBe(4);
    await part.close?.();
    const again = await source.buildPart(`${topic}/1`, 4);
    expect((await take(again, 1))[0]!.offset).toBe(4);
    await again.close?.();
  });

  describe("start", () => {
    test("latest: only what is written after the flow has begun, on partitions that were there", async () => {
      const topic = await topicOf();
      await produce(world.broker, texts(topic, 0, 5));
      const source: Texts = kafkaSource({
        brokers: world.broker.bootstrap,
        topics: topic,
        key: "string",
        value: "string",
        start: "latest",
      });
      const part = await source.buildPart(`${topic}/0`, undefined);
      await produce(world.broker, texts(topic, 5, 8));
      expect((await take(part, 3)).map(({ value }) => value)).toEqual(["v5", "v6", "v7"]);
      await part.close?.();
    });

    test("timestamp: the first record of that time or later; behind the last one where there is none", async () => {
      const topic = await topicOf();
      await produce(
        world.broker,
        [1_000, 2_000, 3_000].map((timestamp) => ({ topic, partition: 0, value: String(timestamp), timestamp })),
      );
      const from = async (timestamp: number | Date) => {
        const source = kafkaSource({
          brokers: world.broker.bootstrap,
          topics: topic,
          value: "string",
          start: { timestamp },
          until: "end",
        });
        return (await collect(source)).map(({ value }) => value);
      };
      expect(await from(1_500)).toEqual(["2000", "3000"]);
      expect(await from(new Date(3_000))).toEqual(["3000"]);
      expect(await from(3_001)).toEqual([]);
    });
  });

  test("until end: a part ends where its log ended when it was opened; what comes later is for the next run", async () => {
    const topic = await topicOf(2);
    const recovery = store();
    const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "string", until: "end" });
    expect(await collect(source, { recovery })).toEqual([]);
    await produce(world.broker, texts(topic, 0, 10, 2));
    const part = await source.buildPart(`${topic}/0`, undefined);
    await produce(world.broker, texts(topic, 10, 20, 2));
    const read: unknown[] = [];
    for (let batch; (batch = await part.nextBatch()) !== null;) read.push(...batch);
    expect([read.length, part.snapshot()]).toEqual([5, 5]);
    await part.close?.();
    expect((await collect(source, { recovery })).map(({ value }) => value).toSorted()).toEqual(
      texts(topic, 0, 20)
        .map(({ value }) => value)
        .toSorted(),
    );
    await produce(world.broker, texts(topic, 20, 22, 2));
    expect((await collect(source, { recovery })).map(({ value }) => value).toSorted()).toEqual(["v20", "v21"]);
  });

  test("counts each record once in state, through a crash and a change of the number of workers", async () => {
    const topic = await topicOf(4);
    await produce(world.broker, texts(topic, 0, 8_000, 4));
    const recovery = store();
    const totals = new Map<string, number>();
    const run = (workers: number, crashAt: number): Promise<void> => {
      let seen = 0;
      const flow = new Dataflow("count");
      flow
        .input("in", kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "string", until: "end", batchSize: 50 }))
        .inspect("crash", () => {
          if (++seen === crashAt) throw new Error("crash");
        })
        .keyBy("partition", ({ partition }) => String(partition))
        .statefulMap("sum", (sum: { count: number; of: number } | undefined, { value }) => {
          const next = { count: (sum?.count ?? 0) + 1, of: (sum?.of ?? 0) + Number(value!.slice(1)) };
          return [next, next];
        })
        .inspect("note", (_step, [key, { count: records, of }]) => totals.set(key, records * 1e9 + of))
        .output("out", testSink<unknown>([]));
      return runMain(flow, { workers, epochMs: 5, recovery: { ...recovery!, snapshotMs: 10 } });
    };
    expect(isWeirError(await failure(run(1, 5_000)))).toBe(true);
    await run(3, Infinity);
    const expected = [0, 1, 2, 3].map((p) => {
      const mine = Array.from({ length: 2_000 }, (_, i) => i * 4 + p);
      return [String(p), 2_000 * 1e9 + mine.reduce((a, b) => a + b, 0)];
    });
    expect([...totals].toSorted()).toEqual(expected);
  });

  describe("new partitions", () => {
    test("are picked up while the flow runs, from their first record whatever `start` says", { timeout: 60_000 }, async () => {
      const topic = await topicOf(1);
      await produce(world.broker, texts(topic, 0, 3));
      const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "string", start: "latest" });
      const running = runUntil(source, (out) => out.length === 3);
      await sleep(1_000);
      await addPartitions(world.broker, topic, { from: 1, to: 3 });
      await produce(world.broker, [
        { topic, partition: 1, value: "early" },
        { topic, partition: 2, value: "early" },
      ]);
      await produce(world.broker, [{ topic, partition: 0, value: "old" }]);
      expect((await running).map(({ partition, value }) => `${partition} ${value}`).toSorted()).toEqual([
        "0 old",
        "1 early",
        "2 early",
      ]);
    });

    test("that appeared while the flow was down are begun at their first record, too", async () => {
      const topic = await topicOf(1);
      const recovery = store();
      const source = () =>
        kafkaSource({ brokers: world.broker.bootstrap, topics: topic, value: "string", start: "latest", until: "end" });
      await produce(world.broker, texts(topic, 0, 3));
      expect(await collect(source(), { recovery })).toEqual([]);
      await addPartitions(world.broker, topic, { from: 1, to: 2 });
      await produce(world.broker, [{ topic, partition: 1, value: "between" }]);
      expect((await collect(source(), { recovery })).map(({ value }) => value)).toEqual(["between"]);
    });
  });

  test("lag is what the log has beyond the position, also of what waits in memory or came while nothing was read", async () => {
    const topic = await topicOf();
    await produce(world.broker, texts(topic, 0, 1_000));
    const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, batchSize: 100, bufferBytes: 1 });
    const part = await source.buildPart(`${topic}/0`, undefined);
    expect(await part.lag!()).toBe(1_000);
    await take(part, 300);
    expect(await part.lag!()).toBe(700);
    await produce(world.broker, texts(topic, 1_000, 6_000));
    await expect.poll(() => part.lag!(), { timeout: 3_000 }).toBe(5_700);
    await take(part, 5_700);
    expect(await part.lag!()).toBe(0);
    await part.close?.();
  });

  test("uses one connection to a broker, whatever the number of partitions", async () => {
    const topic = await topicOf(8);
    await produce(world.broker, texts(topic, 0, 800, 8));
    const before = world.broker.proxy.accepted;
    const out = await collect(kafkaSource({ brokers: world.broker.proxied, topics: topic, until: "end" }), { workers: 2 });
    expect(out).toHaveLength(800);
    // One to list the partitions before the parts are there, one to read.
    expect(world.broker.proxy.accepted - before).toBeLessThanOrEqual(3);
    await expect.poll(() => world.broker.proxy.connections).toBe(0);
  });

  test("neither an idle partition nor one that nobody empties holds up the others", async () => {
    const topic = await topicOf(3);
    await produce(
      world.broker,
      Array.from({ length: 3_000 }, (_, i) => ({ topic, partition: i % 2, value: "x".repeat(200) })),
    );
    const source = kafkaSource({ brokers: world.broker.bootstrap, topics: topic, bufferBytes: 64 << 10, batchSize: 10 });
    const [idle, full, read] = await Promise.all(
      [2, 1, 0].map((partition) => source.buildPart(`${topic}/${partition}`, undefined)),
    );
    await idle!.nextBatch();
    void idle!.nextBatch();
    await take(full!, 10);
    const began = performance.now();
    expect(await take(read!, 1_500)).toHaveLength(1_500);
    expect(performance.now() - began).toBeLessThan(3_000);
    await Promise.all([idle, full, read].map((part) => part!.close?.()));
  });
});
