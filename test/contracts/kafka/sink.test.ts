/** `kafkaSink` against a real broker: what its page says of transactions and of flows. Faults are in sink-faults.test.ts. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Dataflow, kafkaSink, type PreparedTransaction } from "../../../runtime/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { createTopic, deleteRecords } from "./admin.ts";
import { whenKafka } from "./broker.ts";
import { checkNumbers, perfect, readNow, readTopic } from "./read-committed.ts";
import { forgotten, knownIds, sinkWorld } from "./sink-world.ts";

await whenKafka(() => {
  const world = sinkWorld();
  const { sinkTo, open, numbers, values, run } = world;

  describe("two-phase commit", () => {
    test("records are seen when they are committed, with all that they have", async () => {
      await createTopic(world.broker, "whole", 2);
      const { sink, part } = await open("whole");
      const record = { key: "k", value: "v", headers: { a: "1" }, timestamp: new Date(12_345), partition: 1 };
      await part.writeBatch([record, { value: null, key: new Uint8Array([107]), partition: 0 }]);
      const prepared = (await part.prepare(1))!;
      expect(await readNow(world.broker, "whole")).toEqual({ records: [], waiting: 2 });
      await sink.commit(prepared);
      await part.close!();
      const { records } = await readTopic(world.broker, "whole");
      expect(records.toSorted((a, b) => a.partition - b.partition)).toMatchObject([
        { partition: 0, key: "k", value: null },
        { partition: 1, key: "k", value: "v", headers: { a: "1" }, timestamp: 12_345 },
      ]);
    });

    test("commit and abort are done again with the same answer, by anybody", async () => {
      await createTopic(world.broker, "again");
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
      expect(checkNumbers((await readTopic(world.broker, "again")).records, 10)).toEqual(perfect);
    });

    test("what was committed is known to be, when its id has gone on and when the coordinator has forgotten it", async () => {
      await createTopic(world.broker, "old");
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
      await forgotten(world.broker, "old");
      for (const one of all) await sink.commit(one);
      expect(checkNumbers((await readTopic(world.broker, "old")).records, 30)).toEqual(perfect);
      await deleteRecords(world.broker, "old", 0, 33);
      for (const one of all) await sink.commit(one);
    }, 60_000);

    test("a transaction that nobody came to commit in time is an error, then and later, unless the loss is accepted", async () => {
      await createTopic(world.broker, "lost");
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
      await forgotten(world.broker, "lost");
      await expect(sink.commit(prepared)).rejects.toMatchObject(error);
      await sinkTo("lost", { ifLost: "continue" }).commit(prepared);
      expect(await values("lost")).toEqual([]);
    }, 60_000);

    test("what a dead execution left open is aborted at the next start, and nobody waits for it", async () => {
      await createTopic(world.broker, "left");
      const before = await open("left", {}, 1, 2, 3);
      await before.part.writeBatch(numbers(0, 10));
      await before.part.prepare(1);
      await before.part.writeBatch(numbers(10, 20));
      await sleep(100);
      const after = await open("left", {}, 2);
      await after.part.writeBatch(numbers(0, 10));
      await after.sink.commit((await after.part.prepare(1))!);
      expect(await readTopic(world.broker, "left")).toMatchObject({ records: { length: 10 }, waiting: 0 });
      // The dead one was only asleep, and is shut out.
      const asleep = async () => {
        await before.part.writeBatch(numbers(20, 30));
        await before.part.prepare(2);
      };
      await expect(asleep()).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
      await before.part.close!();
      await after.part.close!();
      expect(checkNumbers((await readTopic(world.broker, "left")).records, 10)).toEqual(perfect);
    });

    test("going back to the snapshot before the lost one writes its results again", async () => {
      await createTopic(world.broker, "back");
      const store = `file://${world.scratch}/back`;
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
      const manifest = JSON.parse(readFileSync(`${world.scratch}/back/manifest.json`, "utf8")) as {
        snapshots: { epoch: number }[];
      };
      const fromEpoch = manifest.snapshots.at(-2)!.epoch;
      await runMain(build(300, sink), { epochMs: 0, recovery: { ...recovery, fromEpoch } });
      expect(checkNumbers((await readTopic(world.broker, "back")).records, 300)).toEqual(perfect);
    }, 60_000);

    test("an interval that is longer than the transaction's timeout interrupts the sink", async () => {
      await createTopic(world.broker, "long");
      const { part } = await open("long", { transactionTimeoutMs: 1_000 });
      await part.writeBatch(numbers(0, 10));
      await sleep(2_500);
      const late = async () => {
        await part.writeBatch(numbers(10, 20));
        await part.prepare(1);
      };
      await expect(late()).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
      await part.close!();
      expect(await readTopic(world.broker, "long")).toEqual({ records: [], waiting: 0 });
    });

    test("a transaction that is open when the flow ends is aborted", async () => {
      await createTopic(world.broker, "ended");
      const { part } = await open("ended");
      await part.writeBatch(numbers(0, 10));
      await sleep(100);
      await part.close!();
      expect(await readTopic(world.broker, "ended")).toEqual({ records: [], waiting: 0 });
    });
  });

  describe("in a flow", () => {
    test.each(["none", "gzip", "snappy", "lz4", "zstd"] as const)("compressed by %s", async (compression) => {
      await createTopic(world.broker, `by-${compression}`, 2);
      await run(sinkTo(`by-${compression}`, { compression }) as never, numbers(0, 2_000), `by-${compression}`);
      expect(checkNumbers((await readTopic(world.broker, `by-${compression}`)).records, 2_000)).toEqual(perfect);
    });

    test("keyed streams are written with their keys; the default ids name flow and step, and each start has its own", async () => {
      await createTopic(world.broker, "keyed", 2);
      const store = `file://${world.scratch}/keyed`;
      const build = (items: readonly number[]) => {
        const flow = new Dataflow("orders");
        const sink = kafkaSink({ brokers: world.broker.bootstrap, topic: "keyed" });
        flow
          .input("in", testSource(items))
          .keyBy("key", (n) => `k${n}`)
          .output("to kafka", sink as never);
        return flow;
      };
      await runMain(build([1]), { recovery: { store } });
      await runMain(build([1, 2]), { recovery: { store } });
      expect((await readTopic(world.broker, "keyed")).records.map(({ key, value }) => `${key}=${value}`).toSorted()).toEqual([
        "k1=1",
        "k2=2",
      ]);
      expect(await knownIds(world.broker, "weir-orders-to kafka-")).toEqual([
        "weir-orders-to kafka-1-0-0",
        "weir-orders-to kafka-2-0-0",
      ]);
    });

    test("two workers in one process, without recovery", async () => {
      await createTopic(world.broker, "workers", 4);
      const flow = new Dataflow("workers");
      flow
        .input("in", testSource(numbers(0, 5_000), { batchSize: 50 }))
        .redistribute("spread")
        .output("out", sinkTo("workers") as never);
      await runMain(flow, { workers: 2, epochMs: 20 });
      expect(checkNumbers((await readTopic(world.broker, "workers")).records, 5_000)).toMatchObject({
        missing: 0,
        strange: 0,
        twice: 0,
      });
    });
  });
});
