/** What suites do to a broker from outside: topics, more partitions, records produced, deleted and read. Through the client library's own classes. */
import { setTimeout as sleep } from "node:timers/promises";
import { Admin, type MessageToProduce, Producer } from "@platformatic/kafka";
import type { Broker } from "./broker.ts";

const clientId = "weir-test";

async function withAdmin<T>(broker: Broker, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId, bootstrapBrokers: broker.bootstrap });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/**
 * A topic without records: one of that name goes, as a test that is tried again begins with nothing.
 * @param configs of the topic, such as `{ "segment.bytes": "1048576" }`
 */
export async function createTopic(
  broker: Broker,
  topic: string,
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withAdmin(broker, async (admin) => {
    const create = async () => {
      await admin.createTopics({
        topics: [topic],
        partitions,
        replicas: 1,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      });
      // The controller answers before the broker has heard of it.
      while (!(await admin.listTopics()).includes(topic)) await sleep(20);
    };
    if (!(await admin.listTopics()).includes(topic)) return void (await create());
    await admin.deleteTopics({ topics: [topic] });
    // The broker answers before the topic is gone.
    for (let tries = 1; ; tries++) {
      try {
        return void (await create());
      } catch (error) {
        if (tries === 50) throw error;
        await sleep(100);
      }
    }
  });
}

/** Raises the number of partitions. */
export async function addPartitions(broker: Broker, topic: string, { from, to }: { from: number; to: number }): Promise<void> {
  const assignments = Array.from({ length: to - from }, () => ({ brokerIds: [1] }));
  await withAdmin(broker, (admin) => admin.createPartitions({ topics: [{ name: topic, count: to, assignments }] }));
}

/** Deletes what is before `offset`, as retention would. */
export async function deleteRecords(broker: Broker, topic: string, partition: number, offset: number): Promise<void> {
  await withAdmin(broker, (admin) =>
    admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] }),
  );
}

/** Offsets that a consumer group has published, by `topic/partition`. */
export async function groupOffsets(broker: Broker, groupId: string): Promise<Record<string, number>> {
  const groups = await withAdmin(broker, (admin) => admin.listConsumerGroupOffsets({ groups: [groupId] }));
  const found: Record<string, number> = {};
  for (const group of groups)
    for (const { name, partitions } of group.topics)
      for (const { partitionIndex, committedOffset } of partitions) found[`${name}/${partitionIndex}`] = Number(committedOffset);
  return found;
}

/** A producer of bytes for this suite; close it. Idempotent, because the library sends a request again as a whole if one partition of it fails. */
export function producer(broker: Broker): Producer {
  return new Producer({ clientId, bootstrapBrokers: broker.bootstrap, idempotent: true });
}

export interface TextRecord {
  readonly topic: string;
  readonly value: string | Buffer;
  readonly key?: string;
  readonly partition?: number;
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes the records, acknowledged by the broker. */
export async function produce(broker: Broker, records: readonly TextRecord[]): Promise<void> {
  const one = producer(broker);
  try {
    for (let at = 0; at < records.length; at += 5_000) {
      const messages = records
        .slice(at, at + 5_000)
        .map(({ value, key, timestamp, headers, ...rest }): MessageToProduce<Buffer, Buffer, Buffer, Buffer> => ({
          ...rest,
          value: Buffer.from(value as string),
          ...(key === undefined ? {} : { key: Buffer.from(key) }),
          ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
          ...(headers === undefined
            ? {}
            : { headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])) }),
        }));
      await one.send({ messages, acks: -1 });
    }
  } finally {
    await one.close();
  }
}
