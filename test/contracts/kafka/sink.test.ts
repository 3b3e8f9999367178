/** `kafkaSink` against a real broker: what its page says, one by one, with faults of the broker, the connection and the clock. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "../../../runtime/connectors/kafka/cluster.ts";
import { transactionRequests } from "../../../runtime/connectors/kafka/transaction-requests.ts";
import {
  Dataflow,
  kafkaSink,
  type KafkaSinkOptions,
  type KafkaSinkRecord,
  type PreparedTransaction,
} from "../../../runtime/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { createTopic, deleteRecords } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";
import { checkNumbers, perfect, readNow, readTopic } from "./read-committed.ts";

await whenKafka(() => {
  let broker: Broker;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-sink-"));
    broker = await startBroker({
      properties: {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        // Ids are forgotten soon after their last transaction, as they are after a week.
        "transactional.id.expiration.ms": 10_000,
        "transaction.remove.expired.transaction.cleanup.interval.ms": 500,
      },
    });
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  afterEach(() => {
    broker.proxy.stalled = broker.proxy.refuse = false;
    broker.proxy.delayMs = 0;
  });

  type Options = Partial<KafkaSinkOptions<KafkaSinkRecord>>;
  const sinkTo = (topic: string, options: Options = {}) =>
    kafkaSink<KafkaSinkRecord>({
      brokers: broker.bootstrap,
      topic,
      transactionalIdPrefix: topic,
      deliveryTimeoutMs: 20_000,
      ...options,
    });
  const open = async (topic: string, options: Options = {}, execution = 1, worker = 0, workers = 1) => {
    const sink = sinkTo(topic, options);
    return { sink, part: await sink.build(worker, workers, { flow: "f", step: "s", execution }) };
  };
  /** Numbers with ten keys, in order. */
  const numbers = (from: number, to: number): KafkaSinkRecord[] =>
    Array.from({ length: to - from }, (_, i) => ({ key: `k${(from + i) % 10}`, value: String(from + i) }));
  const values = async (topic: string) => (await readTopic(broker, topic)).records.map(({ value }) => value);
  async function run(sink: ReturnType<typeof kafkaSink<KafkaSinkRecord>>, items: readonly KafkaSinkRecord[], recovery?: string) {
    const flow = new Dataflow("flow");
    flow.input("in", testSource(items, { batchSize: 100 })).output("to kafka", sink as never);
    await runMain(
      flow,
      recovery === undefined ? {} : { epochMs: 20, recovery: { store: `file://${scratch}/${recovery}`, snapshotMs: 50 } },
    );
  }

  describe("two-phase commit", () => {
    test("records are seen when they are committed, with all that they have", async () => {
      await createTopic(broker, "whole", 2);
      const { sink, part } = await open("whole");
      const record = { key: "k", value: "v", headers: { a: "1" }, timestamp: new Date(12_345), partition: 1 };
      await part.writeBatch([record, { value: null, key: new Uint8Array([107]), partition: 0 }]);
      const prepared = (await part.prepare(1))!;
      expect(await readNow(broker, "whole")).toEqual({ records: [], waiting: 2 });
      await sink.commit(prepared);
      await part.close!();
      const { records } = await readTopic(broker, "whole");
      expect(records.toSorted((a, b) => a.partition - b.partition)).toMatchObject([
        { partition: 0, key: "k", value: null },
        { partition: 1, key: "k", value: "v", headers: { a: "1" }, timestamp: 12_345 },
      ]);
    });

    test("commit and abort are done again with the same answer, by anybody", async () => {
      await createTopic(broker, "again");
      const { part } = await open("again");
      await part.writeBatch(numbers(0, 10));
      const kept = JSON.parse(JSON.stringify(await part.prepare(1))) as PreparedTransaction;
      await part.writeBatch(numbers(10, 20));
      const given = (await part.prepare(2))!;
      await part.close!();
      for (let i = 0; i < 3; i++) {
        await sinkTo("again").commit(kept);
        await sinkTo("again").abort(given);
      }
      expect(checkNumbers((await readTopic(broker, "again")).records, 10)).toEqual(perfect);
    });

    test("what was committed is known to be, when its id has gone on and when the coordinator has forgotten it", async () => {
      await createTopic(broker, "old");
      const { sink, part } = await open("old");
      const all: PreparedTransaction[] = [];
      for (let i = 0; i < 3; i++) {
        await part.writeBatch(numbers(i * 10, i * 10 + 10));
        all.push((await part.prepare(i))!);
        await sink.commit(all[i]!);
      }
      expect(all[0]!.transactionalId).toBe(all[1]!.transactionalId);
      for (const one of all) await sink.commit(one);
      await part.close!();
      await forgotten(broker, "old");
      for (const one of all) await sink.commit(one);
      expect(checkNumbers((await readTopic(broker, "old")).records, 30)).toEqual(perfect);
      await deleteRecords(broker, "old", 0, 33);
      for (const one of all) await sink.commit(one);
    }, 60_000);

    test("a transaction that nobody came to commit in time is an error, then and later, unless the loss is accepted", async () => {
      await createTopic(broker, "lost");
      const { sink, part } = await open("lost", { transactionTimeoutMs: 1_000 });
      await part.writeBatch(numbers(0, 10));
      const prepared = (await part.prepare(1))!;
      await part.close!();
      await sleep(2_500);
      const error = {
        code: "WEIR_SINK_LOST",
        message: expect.stringMatching(/lost-1-0-0 \(lost\).*aborted by the broker.*Resume from the snapshot before.*ifLost/),
      };
      await expect(sink.commit(prepared)).rejects.toMatchObject(error);
      await forgotten(broker, "lost");
      await expect(sink.commit(prepared)).rejects.toMatchObject(error);
      await sinkTo("lost", { ifLost: "continue" }).commit(prepared);
      expect(await values("lost")).toEqual([]);
    }, 60_000);

    test("what a dead execution left open is aborted at the next start, and nobody waits for it", async () => {
      await createTopic(broker, "left");
      const before = await open("left", {}, 1, 2, 3);
      await before.part.writeBatch(numbers(0, 10));
      await before.part.prepare(1);
      await before.part.writeBatch(numbers(10, 20));
      await sleep(100);
      const after = await open("left", {}, 2);
      await after.part.writeBatch(numbers(0, 10));
      await after.sink.commit((await after.part.prepare(1))!);
      expect(await readTopic(broker, "left")).toMatchObject({ records: { length: 10 }, waiting: 0 });
      // The dead one was only asleep, and is shut out.
      const asleep = async () => {
        await before.part.writeBatch(numbers(20, 30));
        await before.part.prepare(2);
      };
      await expect(asleep()).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
      await before.part.close!();
      await after.part.close!();
      expect(checkNumbers((await readTopic(broker, "left")).records, 10)).toEqual(perfect);
    });

    test("going back to the snapshot before the lost one writes its results again", async () => {
      await createTopic(broker, "back");
      const store = `file://${scratch}/back`;
      const sink = sinkTo("back", { transactionTimeoutMs: 1_000 });
      /** The machine dies between the manifest and the commit. */
      const dying = { ...sink, commit: () => Promise.reject(new Error("no power")) };
      const build = (to: number, by: typeof sink) => {
        const flow = new Dataflow("flow");
        flow.input("in", testSource(numbers(0, to), { batchSize: 100 })).output("to kafka", by);
        return flow;
      };
      const recovery = { store, retain: 3, snapshotMs: 0 };
      await runMain(build(100, sink), { epochMs: 0, recovery });
      await expect(runMain(build(200, dying), { epochMs: 0, recovery })).rejects.toMatchObject({ cause: { message: "no power" } });
      await sleep(2_500);
      await expect(runMain(build(300, sink), { epochMs: 0, recovery })).rejects.toMatchObject({
        code: "WEIR_SINK_LOST",
        step: "to kafka",
      });
      const manifest = JSON.parse(readFileSync(`${scratch}/back/manifest.json`, "utf8")) as { snapshots: { epoch: number }[] };
      const fromEpoch = manifest.snapshots.at(-2)!.epoch;
      await runMain(build(300, sink), { epochMs: 0, recovery: { ...recovery, fromEpoch } });
      expect(checkNumbers((await readTopic(broker, "back")).records, 300)).toEqual(perfect);
    }, 60_000);

    test("an interval that is longer than the transaction's timeout interrupts the sink", async () => {
      await createTopic(broker, "long");
      const { part } = await open("long", { transactionTimeoutMs: 1_000 });
      await part.writeBatch(numbers(0, 10));
      await sleep(2_500);
      const late = async () => {
        await part.writeBatch(numbers(10, 20));
        await part.prepare(1);
      };
      await expect(late()).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
      await part.close!();
      expect(await readTopic(broker, "long")).toEqual({ records: [], waiting: 0 });
    });

    test("a transaction that is open when the flow ends is aborted", async () => {
      await createTopic(broker, "ended");
      const { part } = await open("ended");
      await part.writeBatch(numbers(0, 10));
      await sleep(100);
      await part.close!();
      expect(await readTopic(broker, "ended")).toEqual({ records: [], waiting: 0 });
    });
  });

  describe("faults of the broker and the connection", () => {
    test("the broker is killed in mid-transaction, and between the halves of the commit", async () => {
      await createTopic(broker, "killed", 3);
      const { sink, part } = await open("killed");
      for (let i = 0; i < 10; i++) await part.writeBatch(numbers(i * 1_000, i * 1_000 + 1_000));
      const back = broker.kill().then(() => broker.restart());
      for (let i = 10; i < 20; i++) await part.writeBatch(numbers(i * 1_000, i * 1_000 + 1_000));
      const prepared = (await part.prepare(1))!;
      await back;
      await broker.restart();
      await part.writeBatch(numbers(20_000, 20_100));
      await sink.commit(prepared);
      await sink.commit((await part.prepare(2))!);
      await part.close!();
      const { records, waiting } = await readTopic(broker, "killed");
      expect({ ...checkNumbers(records, 20_100), waiting }).toEqual({ ...perfect, waiting: 0 });
    }, 60_000);

    test.each(["exactlyOnce", "atLeastOnce"] as const)(
      "connections are cut again and again: %s",
      async (guarantee) => {
        const topic = `cut-${guarantee}`;
        await createTopic(broker, topic, 3);
        const cutting = setInterval(() => broker.proxy.cut(), 60);
        try {
          await run(sinkTo(topic, { guarantee, brokers: broker.proxied, batchBytes: 4_096 }) as never, numbers(0, 20_000), topic);
        } finally {
          clearInterval(cutting);
        }
        const { records, waiting } = await readTopic(broker, topic);
        const found = { ...checkNumbers(records, 20_000), waiting };
        if (guarantee === "exactlyOnce") expect(found).toEqual({ ...perfect, waiting: 0 });
        else expect(found).toMatchObject({ missing: 0, strange: 0 });
      },
      60_000,
    );

    test("answers that are cut in the middle", async () => {
      await createTopic(broker, "half", 3);
      const { sink, part } = await open("half", { brokers: broker.proxied, batchBytes: 2_048 });
      for (let i = 0; i < 20; i++) {
        broker.proxy.cutAfter(100 + i * 37);
        await part.writeBatch(numbers(i * 500, i * 500 + 500));
      }
      broker.proxy.cutAfter(20);
      const prepared = (await part.prepare(1))!;
      broker.proxy.cutAfter(60);
      await sink.commit(prepared);
      await part.close!();
      expect(checkNumbers((await readTopic(broker, "half")).records, 10_000)).toEqual(perfect);
    }, 60_000);

    test("slow answers slow the sink's source and lose nothing", async () => {
      await createTopic(broker, "slow", 3);
      broker.proxy.delayMs = 40;
      const { sink, part } = await open("slow", { brokers: broker.proxied, batchBytes: 2_048, bufferBytes: 8_192 });
      const startedAt = performance.now();
      for (let i = 0; i < 20; i++) await part.writeBatch(numbers(i * 500, i * 500 + 500));
      // 10,000 records of some 15 bytes in requests of at most three batches of 2 kB, each 40 ms: it cannot have run ahead.
      expect(performance.now() - startedAt).toBeGreaterThan(500);
      await sink.commit((await part.prepare(1))!);
      await part.close!();
      expect(checkNumbers((await readTopic(broker, "slow")).records, 10_000)).toEqual(perfect);
    }, 60_000);

    test("answers that never come are waited for so long, and the flow goes on from the last snapshot", async () => {
      await createTopic(broker, "never", 1);
      const sink = sinkTo("never", { brokers: broker.proxied, deliveryTimeoutMs: 500, requestTimeoutMs: 400 });
      let builds = 0;
      let written = 0;
      const stalling = {
        ...sink,
        async build(...of: Parameters<typeof sink.build>) {
          builds++;
          const part = await sink.build(...of);
          const writeBatch = (items: readonly KafkaSinkRecord[]) => {
            written += items.length;
            if (builds === 1 && written > 20_000 && !broker.proxy.stalled) {
              broker.proxy.stalled = true;
              setTimeout(() => (broker.proxy.stalled = false), 1_500);
            }
            return part.writeBatch(items);
          };
          return { ...part, writeBatch };
        },
      };
      const items = numbers(0, 40_000);
      await run(stalling as never, items, "never");
      expect(builds).toBeGreaterThan(1);
      const { records, waiting } = await readTopic(broker, "never");
      expect({ ...checkNumbers(records, items.length), waiting }).toEqual({ ...perfect, waiting: 0 });
    }, 60_000);

    test("somebody who takes over a transactional id interrupts the sink, which goes on from the last snapshot", async () => {
      await createTopic(broker, "fenced", 1);
      const cluster = openCluster(await import("@platformatic/kafka"), {
        brokers: broker.bootstrap,
        clientId: "t",
        tls: undefined,
        sasl: undefined,
        requestTimeoutMs: 5_000,
      });
      const requests = transactionRequests(cluster);
      let taken = 0;
      const thief = setInterval(async () => {
        if (taken >= 2) return;
        for (const id of await requests.listOpen().catch(() => []))
          if (id.startsWith("fenced-") && taken++ < 2) await requests.initProducer(id, 5_000).catch(() => undefined);
      }, 150);
      const items = numbers(0, 10_000);
      const flow = new Dataflow("fenced");
      // Slow enough for the thief.
      const paced = flow
        .input("in", testSource(items, { batchSize: 200 }))
        .mapAsync("pace", async (item) => (await sleep(10), item), {
          concurrency: 100,
          ordered: true,
        });
      paced.output("to kafka", sinkTo("fenced") as never);
      try {
        // A transaction that waits for its commit may be hit as well: then the flow stops rather than losing it.
        await runMain(flow, { epochMs: 20, recovery: { store: `file://${scratch}/fenced`, snapshotMs: 400 } }).catch(
          (error: unknown) => expect(error).toMatchObject({ code: "WEIR_SINK_LOST" }),
        );
      } finally {
        clearInterval(thief);
        await cluster.close();
      }
      expect(taken).toBeGreaterThan(0);
      expect(checkNumbers((await readTopic(broker, "fenced")).records, items.length)).toMatchObject({ twice: 0, disordered: 0 });
    }, 60_000);
  });

  describe("what cannot be written", () => {
    test("a record that is too large", async () => {
      await createTopic(broker, "small", 1, { "max.message.bytes": "10000" });
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
      await createTopic(broker, "somewhere");
      const items = [{ value: "1", topic: "nowhere" }];
      await expect(run(sinkTo("somewhere") as never, items)).rejects.toMatchObject(error);
    });

    test("a partition that is not there", async () => {
      await createTopic(broker, "two", 2);
      const error = {
        code: "WEIR_SINK_FAILED",
        message: expect.stringMatching(/"two" has 2 partitions, and a record is for partition 2/),
      };
      await expect(run(sinkTo("two") as never, [{ value: "1", partition: 2 }])).rejects.toMatchObject(error);
    });

    test("a timeout above the broker's", async () => {
      await createTopic(broker, "patient");
      const error = { code: "WEIR_SINK_FAILED", step: "to kafka", message: expect.stringMatching(/transaction\.max\.timeout\.ms/) };
      await expect(run(sinkTo("patient", { transactionTimeoutMs: 900_001 }) as never, numbers(0, 1))).rejects.toMatchObject(error);
    });

    test("with wrong credentials, or without the rights", async () => {
      await createTopic(broker, "guarded");
      const sasl = { mechanism: "PLAIN", username: "weir", password: "weir-secret" } as const;
      const as = (password: string) => sinkTo("guarded", { brokers: broker.sasl, sasl: { ...sasl, password } });
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
      await allow(broker, "topic", "guarded");
      await expect(run(as("weir-secret") as never, numbers(0, 1))).rejects.toMatchObject(
        refused(/Write and Describe on transactional ids/),
      );
      await allow(broker, "transactionalId", "guarded");
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

  describe("in a flow", () => {
    test.each(["none", "gzip", "snappy", "lz4", "zstd"] as const)("compressed by %s", async (compression) => {
      await createTopic(broker, `by-${compression}`, 2);
      await run(sinkTo(`by-${compression}`, { compression }) as never, numbers(0, 2_000), `by-${compression}`);
      expect(checkNumbers((await readTopic(broker, `by-${compression}`)).records, 2_000)).toEqual(perfect);
    });

    test("keyed streams are written with their keys; the default ids name flow and step, and each start has its own", async () => {
      await createTopic(broker, "keyed", 2);
      const store = `file://${scratch}/keyed`;
      const build = (items: readonly number[]) => {
        const flow = new Dataflow("orders");
        const sink = kafkaSink({ brokers: broker.bootstrap, topic: "keyed" });
        flow
          .input("in", testSource(items))
          .keyBy("key", (n) => `k${n}`)
          .output("to kafka", sink as never);
        return flow;
      };
      await runMain(build([1]), { recovery: { store } });
      await runMain(build([1, 2]), { recovery: { store } });
      expect((await readTopic(broker, "keyed")).records.map(({ key, value }) => `${key}=${value}`).toSorted()).toEqual([
        "k1=1",
        "k2=2",
      ]);
      expect(await knownIds(broker, "weir-orders-to kafka-")).toEqual(["weir-orders-to kafka-1-0-0", "weir-orders-to kafka-2-0-0"]);
    });

    test("two workers in one process, without recovery", async () => {
      await createTopic(broker, "workers", 4);
      const flow = new Dataflow("workers");
      flow
        .input("in", testSource(numbers(0, 5_000), { batchSize: 50 }))
        .redistribute("spread")
        .output("out", sinkTo("workers") as never);
      await runMain(flow, { workers: 2, epochMs: 20 });
      expect(checkNumbers((await readTopic(broker, "workers")).records, 5_000)).toMatchObject({ missing: 0, strange: 0, twice: 0 });
    });
  });
});

/** Transactional ids with this prefix that the coordinator remembers. */
async function knownIds(broker: Broker, prefix: string): Promise<string[]> {
  const options = { brokers: broker.bootstrap, clientId: "t", tls: undefined, sasl: undefined, requestTimeoutMs: 5_000 };
  const cluster = openCluster(await import("@platformatic/kafka"), options);
  try {
    const [node] = await cluster.nodes();
    const found = await cluster.onNode(node!, (connection) =>
      cluster.kafka.listTransactionsV0.api.async(connection, [], [], -1n, null),
    );
    const ids = found.transactionStates.map(({ transactionalId }) => transactionalId);
    return ids.filter((id) => id.startsWith(prefix)).toSorted();
  } finally {
    await cluster.close();
  }
}
async function forgotten(broker: Broker, prefix: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if ((await knownIds(broker, `${prefix}-`)).length === 0) return;
    await sleep(100);
  }
  throw new Error(`the coordinator still knows ids of ${prefix}`);
}

/** Gives user "weir" all rights on what begins with `name`. */
async function allow(broker: Broker, type: "topic" | "transactionalId", name: string): Promise<void> {
  const admin = new Admin({ clientId: "t", bootstrapBrokers: broker.bootstrap });
  const resourceType = type === "topic" ? 2 : 5;
  try {
    await admin.createAcls({
      creations: [
        {
          resourceType,
          resourceName: name,
          resourcePatternType: 4,
          principal: "User:weir",
          host: "*",
          operation: 2,
          permissionType: 3,
        },
      ],
    } as never);
  } finally {
    await admin.close();
  }
}
