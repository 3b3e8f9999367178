/** The writer against a broker that takes batches as Kafka does, and loses requests and answers at random. */
import { crc32c, Reader, readRecordsBatch } from "@platformatic/kafka";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OutputRecord } from "../../../runtime/connectors/kafka/sink-record.ts";
import {
  type BatchAnswer,
  type BatchToSend,
  createWriter,
  type Producing,
  type Transport,
  type WriterOptions,
} from "../../../runtime/connectors/kafka/sink-writer.ts";
import { fault } from "./fake-coordinator.ts";

const options: WriterOptions = { batchBytes: 1_024, lingerMs: 1, bufferBytes: 4_096, deliveryTimeoutMs: 5_000 };
const alone: Producing = { producerId: 1n, producerEpoch: 0, transactional: false, transactionalId: undefined };

type Trouble = "none" | "lostRequest" | "lostAnswer" | "moved" | "refused";

/** Two nodes, three partitions that move between them. Takes a batch if its sequence is the next, knows the last one again. */
function fakeBroker(trouble: () => Trouble) {
  const logs = new Map<string, string[]>();
  const expected = new Map<string, { next: number; last: number }>();
  const leaders = [1, 2, 1];
  let known = [...leaders];
  let enlisted = 0;
  let mostAtOnce = 0;
  let under = 0;
  const take = ({ partition, bytes }: BatchToSend, node: number): BatchAnswer => {
    if (leaders[partition] !== node) return answer("NOT_LEADER_OR_FOLLOWER");
    const batch = readRecordsBatch(Reader.from(bytes));
    const key = `${partition} ${batch.producerId}/${batch.producerEpoch}`;
    const state = expected.get(key) ?? { next: 0, last: -1 };
    if (batch.firstSequence === state.last) return answer("NONE", 5n);
    if (batch.firstSequence !== state.next) return answer("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expected.set(key, { next: state.next + batch.records.length, last: state.next });
    const log = logs.get(String(partition)) ?? [];
    logs.set(String(partition), log);
    for (const { value } of batch.records) log.push(value!.toString());
    return answer("NONE", BigInt(log.length));
  };
  const transport: Transport = {
    format: { crc32c, compressionBits: 0 },
    partitions: async () => leaders.length,
    leader: (_topic, partition) => known[partition],
    refresh: async () => void (known = [...leaders]),
    async produce(node, batches) {
      under++;
      mostAtOnce = Math.max(mostAtOnce, under);
      await new Promise((resolve) => setTimeout(resolve, 0));
      under--;
      const what = trouble();
      if (what === "lostRequest") throw fault("NETWORK");
      if (what === "moved") leaders.push(leaders.shift()!);
      const answers = batches.map((batch) => (what === "refused" ? answer("NOT_ENOUGH_REPLICAS") : take(batch, node)));
      if (what === "lostAnswer") throw fault("TIMEOUT");
      return answers;
    },
  };
  const producing = (epoch: number): Producing => ({
    ...alone,
    producerEpoch: epoch,
    enlist: async (of) => void (enlisted += of.length),
  });
  return {
    transport,
    producing,
    get all() {
      return [...logs.values()].flat();
    },
    logs,
    get enlisted() {
      return enlisted;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
  };
}
function answer(name: string, offset = -1n): BatchAnswer {
  return { fault: name, message: undefined, offset };
}
function record(value: string, key: string | null = null, partition?: number): OutputRecord {
  return {
    topic: "t",
    partition,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
    headers: [],
    timestamp: 1,
  };
}

describe("the writer", () => {
  test("brings each record once and in order, whatever is lost on the way", async () => {
    const kinds: Trouble[] = ["none", "none", "lostRequest", "lostAnswer", "moved", "refused"];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...kinds), { maxLength: 12 }),
        fc.integer({ min: 1, max: 400 }),
        async (troubles, count) => {
          const queue = [...troubles];
          const broker = fakeBroker(() => queue.shift() ?? "none");
          const writer = createWriter(broker.transport, options);
          const sent: string[] = [];
          for (let epoch = 0; epoch < 2; epoch++) {
            writer.begin(broker.producing(epoch));
            for (let i = 0; i < count; i += 7) {
              const batch = Array.from({ length: Math.min(7, count - i) }, (_, j) =>
                record(`${epoch} ${i + j}`, `k${(i + j) % 5}`),
              );
              sent.push(...batch.map(({ value }) => Buffer.from(value!).toString()));
              await writer.write(batch);
            }
            await writer.flush();
          }
          expect(broker.all.toSorted()).toEqual(sent.toSorted());
          for (const log of broker.logs.values()) {
            const numbers = log.map((text) => text.split(" ").map(Number)).map(([epoch, i]) => epoch! * 1_000 + i!);
            expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  test("makes each partition part of the transaction once, before its first batch", async () => {
    const broker = fakeBroker(() => "none");
    const writer = createWriter(broker.transport, options);
    for (const epoch of [0, 1]) {
      writer.begin(broker.producing(epoch));
      for (let i = 0; i < 50; i++) await writer.write([record("x", null, i % 3)]);
      await writer.flush();
    }
    expect(broker.enlisted).toBe(6);
    expect(writer.first?.topic).toBe("t");
    expect(broker.mostAtOnce).toBeLessThanOrEqual(2);
  });

  test("lets nobody go on while too much waits", async () => {
    let open = false;
    const broker = fakeBroker(() => (open ? "none" : "lostRequest"));
    const writer = createWriter(broker.transport, options);
    writer.begin(broker.producing(0));
    let written = 0;
    const writing = (async () => {
      for (; written < 200; written++) await writer.write([record("x".repeat(100))]);
    })();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(written).toBeLessThan(50);
    open = true;
    await writing;
    await writer.flush();
    expect(broker.all).toHaveLength(200);
  });

  test("waits so long for a broker, and says which partition it was", async () => {
    const broker = fakeBroker(() => "lostRequest");
    const writer = createWriter(broker.transport, { ...options, deliveryTimeoutMs: 100 });
    writer.begin(alone);
    await writer.write([record("x", null, 1)]);
    const error = {
      code: "WEIR_SINK_INTERRUPTED",
      message: expect.stringMatching(/partition 1 of topic "t".*no success within 0.1 s.*NETWORK/),
    };
    await expect(writer.flush()).rejects.toMatchObject(error);
    expect(() => writer.write([record("y")])).toThrow(expect.objectContaining(error));
  });

  test.each([
    ["MESSAGE_TOO_LARGE", "WEIR_SINK_FAILED", /key of 3 and a value of 5 bytes: it is too large/],
    ["TOPIC_AUTHORIZATION_FAILED", "WEIR_SINK_FAILED", /operation Write on the topic/],
    ["INVALID_RECORD", "WEIR_SINK_FAILED", /compacted topic wants keys/],
    ["INVALID_PRODUCER_EPOCH", "WEIR_SINK_INTERRUPTED", /the broker ended it/],
    ["OUT_OF_ORDER_SEQUENCE_NUMBER", "WEIR_SINK_INTERRUPTED", /the broker ended it/],
  ])("%s is %s", async (name, code, message) => {
    const broker = fakeBroker(() => "none");
    const writer = createWriter({ ...broker.transport, produce: async () => [answer(name)] }, options);
    writer.begin(alone);
    await writer.write([record("value", "key")]);
    await expect(writer.flush()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("lets go of whoever waits when the flow ends", async () => {
    const broker = fakeBroker(() => "lostRequest");
    const writer = createWriter(broker.transport, options);
    writer.begin(alone);
    await writer.write([record("x")]);
    const flushing = writer.flush();
    writer.stop();
    await expect(flushing).rejects.toMatchObject({ code: "WEIR_SINK_INTERRUPTED" });
  });
});
