/** `kafkaSink` against a real broker that dies, stalls or is fenced, over connections that are cut. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openCluster } from "../../../runtime/connectors/kafka/cluster.ts";
import { transactionRequests } from "../../../runtime/connectors/kafka/transaction-requests.ts";
import { Dataflow, type KafkaSinkRecord } from "../../../runtime/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { createTopic } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { checkNumbers, perfect, readTopic } from "./read-committed.ts";
import { sinkWorld } from "./sink-world.ts";

await whenKafka(() => {
  const world = sinkWorld();
  const { sinkTo, open, numbers, run } = world;

  describe("faults of the broker and the connection", () => {
    test("the broker is killed in mid-transaction, and between the halves of the commit", async () => {
      await createTopic(world.broker, "killed", 3);
      const { sink, part } = await open("killed");
      for (let i = 0; i < 10; i++) await part.writeBatch(numbers(i * 1_000, i * 1_000 + 1_000));
      const back = world.broker.kill().then(() => world.broker.restart());
      for (let i = 10; i < 20; i++) await part.writeBatch(numbers(i * 1_000, i * 1_000 + 1_000));
      const prepared = (await part.prepare(1))!;
      await back;
      await world.broker.restart();
      await part.writeBatch(numbers(20_000, 20_100));
      await sink.commit(prepared);
      await sink.commit((await part.prepare(2))!);
      await part.close!();
      const { records, waiting } = await readTopic(world.broker, "killed");
      expect({ ...checkNumbers(records, 20_100), waiting }).toEqual({ ...perfect, waiting: 0 });
    }, 60_000);

    test.each(["exactlyOnce", "atLeastOnce"] as const)(
      "connections are cut again and again: %s",
      async (guarantee) => {
        const topic = `cut-${guarantee}`;
        await createTopic(world.broker, topic, 3);
        const cutting = setInterval(() => world.broker.proxy.cut(), 60);
        try {
          await run(
            sinkTo(topic, { guarantee, brokers: world.broker.proxied, batchBytes: 4_096 }) as never,
            numbers(0, 20_000),
            topic,
          );
        } finally {
          clearInterval(cutting);
        }
        const { records, waiting } = await readTopic(world.broker, topic);
        const found = { ...checkNumbers(records, 20_000), waiting };
        if (guarantee === "exactlyOnce") expect(found).toEqual({ ...perfect, waiting: 0 });
        else expect(found).toMatchObject({ missing: 0, strange: 0 });
      },
      60_000,
    );

    test("answers that are cut in the middle", async () => {
      await createTopic(world.broker, "half", 3);
      const { sink, part } = await open("half", { brokers: world.broker.proxied, batchBytes: 2_048 });
      for (let i = 0; i < 20; i++) {
        world.broker.proxy.cutAfter(100 + i * 37);
        await part.writeBatch(numbers(i * 500, i * 500 + 500));
      }
      world.broker.proxy.cutAfter(20);
      const prepared = (await part.prepare(1))!;
      world.broker.proxy.cutAfter(60);
      await sink.commit(prepared);
      await part.close!();
      expect(checkNumbers((await readTopic(world.broker, "half")).records, 10_000)).toEqual(perfect);
    }, 60_000);

    test("slow answers slow the sink's source and lose nothing", async () => {
      await createTopic(world.broker, "slow", 3);
      world.broker.proxy.delayMs = 40;
      const { sink, part } = await open("slow", { brokers: world.broker.proxied, batchBytes: 2_048, bufferBytes: 8_192 });
      const startedAt = performance.now();
      for (let i = 0; i < 20; i++) await part.writeBatch(numbers(i * 500, i * 500 + 500));
      // 10,000 records of some 15 bytes in requests of at most three batches of 2 kB, each 40 ms: it cannot have run ahead.
      expect(performance.now() - startedAt).toBeGreaterThan(500);
      await sink.commit((await part.prepare(1))!);
      await part.close!();
      expect(checkNumbers((await readTopic(world.broker, "slow")).records, 10_000)).toEqual(perfect);
    }, 60_000);

    test("answers that never come are waited for so long, and the flow goes on from the last snapshot", async () => {
      await createTopic(world.broker, "never", 1);
      const sink = sinkTo("never", { brokers: world.broker.proxied, deliveryTimeoutMs: 500, requestTimeoutMs: 400 });
      let builds = 0;
      let written = 0;
      const stalling = {
        ...sink,
        async build(...of: Parameters<typeof sink.build>) {
          builds++;
          const part = await sink.build(...of);
          const writeBatch = (items: readonly KafkaSinkRecord[]) => {
            written += items.length;
            if (builds === 1 && written > 20_000 && !world.broker.proxy.stalled) {
              world.broker.proxy.stalled = true;
              setTimeout(() => (world.broker.proxy.stalled = false), 1_500);
            }
            return part.writeBatch(items);
          };
          return { ...part, writeBatch };
        },
      };
      const items = numbers(0, 40_000);
      await run(stalling as never, items, "never");
      expect(builds).toBeGreaterThan(1);
      const { records, waiting } = await readTopic(world.broker, "never");
      expect({ ...checkNumbers(records, items.length), waiting }).toEqual({ ...perfect, waiting: 0 });
    }, 60_000);

    test("somebody who takes over a transactional id interrupts the sink, which goes on from the last snapshot", async () => {
      await createTopic(world.broker, "fenced", 1);
      const cluster = openCluster(await import("@platformatic/kafka"), {
        brokers: world.broker.bootstrap,
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
        await runMain(flow, { epochMs: 20, recovery: { store: `file://${world.scratch}/fenced`, snapshotMs: 400 } }).catch(
          (error: unknown) => expect(error).toMatchObject({ code: "WEIR_SINK_LOST" }),
        );
      } finally {
        clearInterval(thief);
        await cluster.close();
      }
      expect(taken).toBeGreaterThan(0);
      expect(checkNumbers((await readTopic(world.broker, "fenced")).records, items.length)).toMatchObject({
        twice: 0,
        disordered: 0,
      });
    }, 60_000);
  });
});
