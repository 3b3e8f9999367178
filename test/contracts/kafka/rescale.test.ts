/** Real processes between two topics that change their number while they read and write: each record counts once, in its order. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runRescaled } from "../rescaled.ts";
import { createTopic, producer } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";
import { readNow, readTopic } from "./read-committed.ts";

const module = fileURLToPath(new URL("./counts-flow.ts", import.meta.url));

const keys = 10;

await whenKafka(() => {
  let broker: Broker;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-rescale-"));
    broker = await startBroker();
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A topic to which records are appended all the time, keys k0 … k9 by turns. */
  async function startLoad(topic: string) {
    const partitions = 5;
    await createTopic(broker, topic, partitions);
    const writer = producer(broker);
    let each = 0;
    let stopped = false;
    const write = async (): Promise<void> => {
      for (; !stopped; each += 5, await sleep(25)) {
        const messages = Array.from({ length: 5 * keys }, (_, i) => ({
          topic,
          partition: i % partitions,
          key: Buffer.from(`k${i % keys}`),
          value: Buffer.from(String(i)),
        }));
        await writer.send({ messages, acks: -1 });
      }
      await writer.close();
    };
    const written = write();
    return {
      /** Resolves with how many records each key has got. */
      async stop(): Promise<number> {
        stopped = true;
        await written;
        return each;
      },
    };
  }

  test.each([
    { title: "2 → 3 → 1 → 2 processes", through: [2, 3, 1, 2], kill: false },
    { title: "2 → 3 → 1 → 2 processes, one of which is killed meanwhile", through: [2, 3, 1, 2], kill: true },
  ])("$title, between two topics, exactly once", { timeout: 60_000 }, async ({ through, kill }) => {
    const name = kill ? "killed" : "calm";
    const [from, to] = [`${name}-numbers`, `${name}-counts`];
    await createTopic(broker, to, 3);
    const load = await startLoad(from);
    let each = 0;
    const written = async () => (await readNow(broker, to)).records.length;
    await runRescaled({
      module,
      recovery: `file://${scratch}/${name}`,
      params: { brokers: broker.bootstrap[0]!, from, to, follow: "yes" },
      through,
      written,
      async end() {
        each = await load.stop();
        await expect.poll(written, { timeout: 20_000, interval: 200 }).toBeGreaterThanOrEqual(keys * each);
      },
      kill,
    }).finally(load.stop);

    const { records, waiting } = await readTopic(broker, to);
    const of = Map.groupBy(records, ({ key }) => key);
    expect(of.size).toBe(keys);
    const expected = Array.from({ length: each }, (_, i) => String(i + 1));
    for (const seen of of.values()) expect(seen.map(({ value }) => value)).toEqual(expected);
    expect(waiting).toBe(0);
  });
});
