/**
 * What a reader of committed records sees, read with nothing of ours: fetches through the client library's protocol layer, and
 * aborted transactions left out as Kafka's protocol says (of a producer that is listed as aborted, everything up to its marker).
 */
import { ConnectionPool, fetchV12, metadataV9 } from "@platformatic/kafka";
import type { Broker } from "./broker.ts";

export interface ReadRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}
export interface TopicRead {
  readonly records: ReadRecord[];
  /** Records at the end that wait behind a transaction which is still open. */
  readonly waiting: number;
}

const controlBit = 32;
const transactionalBit = 16;

type Isolation = "committed" | "uncommitted";

/** Waits a little for what is committed and was not written into its partition yet: it is seen a moment after the commit. */
export async function readTopic(broker: Broker, topic: string, isolation: Isolation = "committed"): Promise<TopicRead> {
  for (let tries = 0; ; tries++) {
    const read = await readNow(broker, topic, isolation);
    if (read.waiting === 0 || tries === 30) return read;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function readNow(broker: Broker, topic: string, isolation: Isolation = "committed"): Promise<TopicRead> {
  const [host, port] = broker.bootstrap[0]!.split(":") as [string, string];
  const pool = new ConnectionPool("weir-test-reader", { requestTimeout: 10_000 });
  try {
    const connection = await pool.get({ host, port: Number(port) });
    const { topics } = await metadataV9.api.async(connection, [topic], false);
    const records: ReadRecord[] = [];
    let waiting = 0;
    for (const { partitionIndex: partition } of topics[0]!.partitions) {
      for (let offset = 0n; ;) {
        const want = { partition, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1, partitionMaxBytes: 8 << 20 };
        const level = isolation === "committed" ? 1 : 0;
        const body = [{ topicId: topic, partitions: [want] }];
        const answer = await fetchV12.api.async(connection, 0, 0, 8 << 20, level, 0, -1, body, [], "");
        const read = answer.responses[0]!.partitions[0]!;
        const aborted = (read.abortedTransactions ?? []).toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
        const active = new Set<bigint>();
        for (const batch of read.records ?? []) {
          const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
          while (aborted.length > 0 && aborted[0]!.firstOffset <= last) active.add(aborted.shift()!.producerId);
          const before = offset;
          offset = last + 1n;
          if ((batch.attributes & controlBit) !== 0) {
            if (batch.records[0]!.key!.readInt16BE(2) === 0) active.delete(batch.producerId);
            continue;
          }
          if ((batch.attributes & transactionalBit) !== 0 && active.has(batch.producerId)) continue;
          for (const record of batch.records) {
            const at = batch.firstOffset + BigInt(record.offsetDelta);
            if (at < before) continue;
            records.push({
              partition,
              offset: at,
              key: record.key?.toString() ?? null,
              value: record.value?.toString() ?? null,
              headers: Object.fromEntries(record.headers.map(([name, value]) => [String(name), String(value)])),
              timestamp: Number(batch.firstTimestamp + record.timestampDelta),
            });
          }
        }
        const end = level === 1 ? read.lastStableOffset : read.highWatermark;
        if (offset < end) continue;
        waiting += Number(read.highWatermark - end);
        break;
      }
    }
    return { records, waiting };
  } finally {
    await pool.close();
  }
}

/** Values are the numbers below `count`: how many are missing, how many came more than once, and how many came out of order in their key. */
export function checkNumbers(records: readonly ReadRecord[], count: number) {
  const times = new Map<number, number>();
  const last = new Map<string | null, number>();
  let disordered = 0;
  for (const { key, value } of records) {
    const number = Number(value);
    times.set(number, (times.get(number) ?? 0) + 1);
    if (number < (last.get(key) ?? -1)) disordered++;
    last.set(key, number);
  }
  const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !times.has(i)).length;
  return { missing, strange: times.size + missing - count, twice: [...times.values()].filter((n) => n > 1).length, disordered };
}
export const perfect = { missing: 0, strange: 0, twice: 0, disordered: 0 };
