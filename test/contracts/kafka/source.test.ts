/** `kafkaSource` against a real broker: what its page says, sentence by sentence. Faults are in source-faults.test.ts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { Consumer, Producer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Dataflow,
  isWeirError,
  type KafkaBadRecord,
  kafkaInput,
  type KafkaMessage,
  kafkaSource,
  type PartitionedSource,
} from "../../../runtime/index.ts";
import { runMain, type RunOptions, testSink } from "../../../runtime/testing/index.ts";
import { addPartitions, createTopic, groupOffsets, produce } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";

type Texts = PartitionedSource<KafkaMessage<string, string>, number>;

await whenKafka(() => {
  let broker: Broker;
  let scratch: string;
  let count = 0;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-source-"));
    broker = await startBroker({ tls: true });
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const topicOf = async (partitions = 1): Promise<string> => {
    const topic = `topic-${++count}`;
    await createTopic(broker, topic, partitions);
    return topic;
  };
  const texts = (topic: string, from: number, to: number, partitions = 1) =>
    Array.from({ length: to - from }, (_, i) => ({ topic, partition: (from + i) % partitions, value: `v${from + i}` }));
  const store = (): RunOptions["recovery"] => ({ store: `file://${join(scratch, `store-${++count}`)}`, snapshotMs: 50 });
  const collect = async <T>(source: PartitionedSource<T, number>, options: RunOptions = {}): Promise<T[]> => {
    const out: T[] = [];
    const flow = new Dataflow("read");
    flow.input("in", source).output("out", testSink(out));
    await runMain(flow, { epochMs: 20, ...options });
    return out;
  };
  const failure = (run: Promise<unknown>): Promise<unknown> =>
    run.then(
      () => undefined,
      (error: unknown) => error,
    );
  /** Runs a flow that never ends until `enough` says so. */
  const runUntil = async <T>(
    source: PartitionedSource<T, number>,
    enough: (out: readonly T[]) => boolean,
    options: RunOptions = {},
  ) => {
    const out: T[] = [];
    const flow = new Dataflow("read");
    const stop = new Error("enough");
    flow
      .input("in", source)
      .inspect("stop", (_step, item) => {
        out.push(item);
        if (enough(out)) throw stop;
      })
      .output("out", testSink<T>([]));
    const error = await failure(runMain(flow, { epochMs: 20, ...options }));
    if (!isWeirError(error) || error.cause !== stop) throw error;
    return out;
  };
  /** The batches of one part until there are so many records. */
  const take = async <T>(
    part: { nextBatch(): PromiseLike<Iterable<T> | null> | Iterable<T> | null },
    records: number,
  ): Promise<T[]> => {
    const out: T[] = [];
    while (out.length < records) out.push(...((await part.nextBatch()) ?? []));
    return out;
  };

  test("gives topic, partition, offset, timestamp, key, value and headers, of all partitions of all topics", async () => {
    const [one, two] = [await topicOf(2), await topicOf()];
    await produce(broker, [
      { topic: one, partition: 0, key: "a", value: "x", timestamp: 1_000, headers: { kind: "first", empty: "" } },
      { topic: one, partition: 0, value: "y", timestamp: 2_000 },
      { topic: one, partition: 1, key: "b", value: "z", timestamp: 3_000 },
      { topic: two, partition: 0, key: "c", value: "w", timestamp: 4_000 },
    ]);
    const out = await collect(kafkaSource({ brokers: broker.bootstrap, topics: [one, two], until: "end" }));
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
    await produce(broker, texts(topic, 0, 30, 3));
    const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, batchSize: 4 });
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
      await produce(broker, texts(topic, 0, 5));
      const source: Texts = kafkaSource({
        brokers: broker.bootstrap,
        topics: topic,
        key: "string",
        value: "string",
        start: "latest",
      });
      const part = await source.buildPart(`${topic}/0`, undefined);
      await produce(broker, texts(topic, 5, 8));
      expect((await take(part, 3)).map(({ value }) => value)).toEqual(["v5", "v6", "v7"]);
      await part.close?.();
    });

    test("timestamp: the first record of that time or later; behind the last one where there is none", async () => {
      const topic = await topicOf();
      await produce(
        broker,
        [1_000, 2_000, 3_000].map((timestamp) => ({ topic, partition: 0, value: String(timestamp), timestamp })),
      );
      const from = async (timestamp: number | Date) => {
        const source = kafkaSource({
          brokers: broker.bootstrap,
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
    const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", until: "end" });
    expect(await collect(source, { recovery })).toEqual([]);
    await produce(broker, texts(topic, 0, 10, 2));
    const part = await source.buildPart(`${topic}/0`, undefined);
    await produce(broker, texts(topic, 10, 20, 2));
    const read: unknown[] = [];
    for (let batch; (batch = await part.nextBatch()) !== null;) read.push(...batch);
    expect([read.length, part.snapshot()]).toEqual([5, 5]);
    await part.close?.();
    expect((await collect(source, { recovery })).map(({ value }) => value).toSorted()).toEqual(
      texts(topic, 0, 20)
        .map(({ value }) => value)
        .toSorted(),
    );
    await produce(broker, texts(topic, 20, 22, 2));
    expect((await collect(source, { recovery })).map(({ value }) => value).toSorted()).toEqual(["v20", "v21"]);
  });

  test("counts each record once in state, through a crash and a change of the number of workers", async () => {
    const topic = await topicOf(4);
    await produce(broker, texts(topic, 0, 8_000, 4));
    const recovery = store();
    const totals = new Map<string, number>();
    const run = (workers: number, crashAt: number): Promise<void> => {
      let seen = 0;
      const flow = new Dataflow("count");
      flow
        .input("in", kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", until: "end", batchSize: 50 }))
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
      await produce(broker, texts(topic, 0, 3));
      const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", start: "latest" });
      const running = runUntil(source, (out) => out.length === 3);
      await sleep(1_000);
      await addPartitions(broker, topic, { from: 1, to: 3 });
      await produce(broker, [
        { topic, partition: 1, value: "early" },
        { topic, partition: 2, value: "early" },
      ]);
      await produce(broker, [{ topic, partition: 0, value: "old" }]);
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
        kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", start: "latest", until: "end" });
      await produce(broker, texts(topic, 0, 3));
      expect(await collect(source(), { recovery })).toEqual([]);
      await addPartitions(broker, topic, { from: 1, to: 2 });
      await produce(broker, [{ topic, partition: 1, value: "between" }]);
      expect((await collect(source(), { recovery })).map(({ value }) => value)).toEqual(["between"]);
    });
  });

  describe("consumer group", () => {
    test("gets positions once a snapshot that holds them is committed, and has no members", async () => {
      const topic = await topicOf(2);
      await produce(broker, texts(topic, 0, 10, 2));
      const groupId = `group-${topic}`;
      const source = () => kafkaSource({ brokers: broker.bootstrap, topics: topic, until: "end", groupId });
      await collect(source());
      await sleep(300);
      expect(await groupOffsets(broker, groupId)).toEqual({});
      await collect(source(), { recovery: store() });
      await expect.poll(() => groupOffsets(broker, groupId)).toEqual({ [`${topic}/0`]: 5, [`${topic}/1`]: 5 });
    });

    test("gets nothing while a consumer is its member, and positions again when that has left", async () => {
      const topic = await topicOf();
      await produce(broker, texts(topic, 0, 10));
      const groupId = `group-${topic}`;
      const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, until: "end", groupId });
      const member = new Consumer({ groupId, clientId: "test", bootstrapBrokers: broker.bootstrap });
      member.topics.track(topic);
      await member.joinGroup();
      try {
        expect(await collect(source, { recovery: store() })).toHaveLength(10);
        await sleep(500);
        expect(await groupOffsets(broker, groupId)).toEqual({});
      } finally {
        await member.close(true);
      }
      expect(await collect(source, { recovery: store() })).toHaveLength(10);
      await expect.poll(() => groupOffsets(broker, groupId), { timeout: 10_000 }).toEqual({ [`${topic}/0`]: 10 });
    });

    test("is not read: a flow resumes where its snapshot says", async () => {
      const topic = await topicOf();
      await produce(broker, texts(topic, 0, 10));
      const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, until: "end", groupId: `group-${topic}` });
      const recovery = store();
      expect(await collect(source, { recovery })).toHaveLength(10);
      expect(await collect(source, { recovery: store() })).toHaveLength(10);
      expect(await collect(source, { recovery })).toHaveLength(0);
    });
  });

  test("lag is what the log has beyond the position, also of what waits in memory or came while nothing was read", async () => {
    const topic = await topicOf();
    await produce(broker, texts(topic, 0, 1_000));
    const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, batchSize: 100, bufferBytes: 1 });
    const part = await source.buildPart(`${topic}/0`, undefined);
    expect(await part.lag!()).toBe(1_000);
    await take(part, 300);
    expect(await part.lag!()).toBe(700);
    await produce(broker, texts(topic, 1_000, 6_000));
    await expect.poll(() => part.lag!(), { timeout: 3_000 }).toBe(5_700);
    await take(part, 5_700);
    expect(await part.lag!()).toBe(0);
    await part.close?.();
  });

  describe("deserializers", () => {
    test("string, json and functions; null keys and tombstones stay null", async () => {
      const topic = await topicOf();
      const producer = new Producer({ clientId: "test", bootstrapBrokers: broker.bootstrap });
      await producer.send({ messages: [{ topic, partition: 0, key: Buffer.from("k"), value: null as never }] });
      await producer.close();
      await produce(broker, [{ topic, partition: 0, value: '{"n":1}' }]);
      const read = async (value: "string" | "json" | ((bytes: Buffer) => number)) =>
        (await collect(kafkaSource({ brokers: broker.bootstrap, topics: topic, key: "string", value, until: "end" }))).map((m) => [
          m.key,
          m.value,
        ]);
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
        broker,
        ["1", "{", "3"].map((value) => ({ topic, partition: 0, value })),
      );
      const error = await failure(collect(kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "json", until: "end" })));
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toContain(`topic "${topic}", partition 0, offset 1`);
    });

    test("kafkaInput sets it aside, with its bytes and the error, and goes on", async () => {
      const topic = await topicOf();
      await produce(
        broker,
        ["1", "{", "3"].map((value) => ({ topic, partition: 0, key: "k", value })),
      );
      const [good, bad]: [unknown[], KafkaBadRecord[]] = [[], []];
      const flow = new Dataflow("aside");
      const { messages, errors } = kafkaInput(flow, "in", {
        brokers: broker.bootstrap,
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
    const producer = new Producer({ clientId: "test", bootstrapBrokers: broker.bootstrap, compression });
    const messages = texts(topic, 0, 500).map((record) => ({ ...record, value: Buffer.from(record.value) }));
    await producer.send({ messages });
    await producer.close();
    const out = await collect(
      kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", until: "end", batchSize: 77 }),
    );
    expect(out.map(({ value }) => value)).toEqual(texts(topic, 0, 500).map(({ value }) => value));
  });

  test("read_committed leaves out what was aborted and waits for what is open; read_uncommitted gives all", async () => {
    const topic = await topicOf();
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: broker.bootstrap,
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
    await produce(broker, [{ topic, partition: 0, value: "e" }]);
    const read = async (isolation?: "read_uncommitted") =>
      (
        await collect(
          kafkaSource({ brokers: broker.bootstrap, topics: topic, value: "string", until: "end", ...(isolation && { isolation }) }),
        )
      ).map(({ value }) => value);
    expect(await read()).toEqual(["a", "c"]);
    expect(await read("read_uncommitted")).toEqual(["a", "b", "c", "d", "e"]);
    await open.commit();
    expect(await read()).toEqual(["a", "c", "d", "e"]);
    // Markers have offsets too, and are passed.
    const part = await kafkaSource({ brokers: broker.bootstrap, topics: topic }).buildPart(`${topic}/0`, undefined);
    await take(part, 4);
    await expect.poll(async () => (void part.nextBatch(), part.lag!())).toBe(0);
    await part.close?.();
    await producer.close();
  });

  test("uses one connection to a broker, whatever the number of partitions", async () => {
    const topic = await topicOf(8);
    await produce(broker, texts(topic, 0, 800, 8));
    const before = broker.proxy.accepted;
    const out = await collect(kafkaSource({ brokers: broker.proxied, topics: topic, until: "end" }), { workers: 2 });
    expect(out).toHaveLength(800);
    // One to list the partitions before the parts are there, one to read.
    expect(broker.proxy.accepted - before).toBeLessThanOrEqual(3);
    await expect.poll(() => broker.proxy.connections).toBe(0);
  });

  test("neither an idle partition nor one that nobody empties holds up the others", async () => {
    const topic = await topicOf(3);
    await produce(
      broker,
      Array.from({ length: 3_000 }, (_, i) => ({ topic, partition: i % 2, value: "x".repeat(200) })),
    );
    const source = kafkaSource({ brokers: broker.bootstrap, topics: topic, bufferBytes: 64 << 10, batchSize: 10 });
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

  test("TLS, as the client library has it; without the authority's certificate it is refused", async () => {
    const topic = await topicOf(2);
    await produce(broker, texts(topic, 0, 10, 2));
    const { bootstrap, ca } = broker.tls!;
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
      failure(collect(kafkaSource({ brokers: broker.bootstrap, topics: "absent", until: "end", ...options } as never)));

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
      const error = await started({ brokers: broker.sasl, sasl });
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });
      expect((error as Error).message).toMatch(/refused the credentials/);
      expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain("not-the-Secret");
    });
    test("and with the right ones it reads", async () => {
      const topic = await topicOf();
      await produce(broker, texts(topic, 0, 3));
      const sasl = { mechanism: "PLAIN", username: "weir", password: "weir-secret" } as const;
      expect(await collect(kafkaSource({ brokers: broker.sasl, topics: topic, sasl, until: "end" }))).toHaveLength(3);
    });
  });
});
