/** Questions about offsets: where a partition begins and ends, what was written at a time. One request per broker, whatever is asked. */
import { answered, type Cluster } from "./cluster.ts";

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** Kafka's names for the ends of a log, in place of a timestamp. */
export const atEnd = -1;
export const atStart = -2;

export const isolationLevel = (readCommitted: boolean): 0 | 1 => (readCommitted ? 1 : 0);

/**
 * The offset of the first record of `time` or later, per partition in the order given; -1 where there is none.
 * @param time milliseconds since the Unix epoch, `atEnd` or `atStart`
 * @throws the library's errors, for whatever concerns one of the partitions
 */
export async function offsetsAt(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  time: number,
  readCommitted: boolean,
): Promise<number[]> {
  const { kafka } = cluster;
  const unknown = new Set(
    partitions.filter((one) => cluster.leader(one.topic, one.partition) === undefined).map(({ topic }) => topic),
  );
  for (const topic of unknown) await cluster.refresh([topic]);
  const byNode = new Map<number, PartitionName[]>();
  for (const one of partitions) {
    const node = cluster.leader(one.topic, one.partition);
    if (node === undefined) throw new kafka.ProtocolError("LEADER_NOT_AVAILABLE");
    const list = byNode.get(node);
    if (list === undefined) byNode.set(node, [one]);
    else list.push(one);
  }
  const found = new Map<string, number>();
  await Promise.all(
    [...byNode].map(async ([node, list]) => {
      const topics = [...new Set(list.map(({ topic }) => topic))].map((name) => ({
        name,
        partitions: list
          .filter(({ topic }) => topic === name)
          .map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: BigInt(time) })),
      }));
      const { response, failure } = await answered(
        cluster.onNode(node, (connection) => kafka.listOffsetsV6.api.async(connection, -1, isolationLevel(readCommitted), topics)),
      );
      if (response === undefined || failure !== undefined) {
        // The partition may be led elsewhere: whoever tries again asks anew.
        for (const { name } of topics) await cluster.refresh([name]).catch(() => undefined);
        throw failure;
      }
      for (const { name, partitions: answers } of response.topics)
        for (const { partitionIndex, offset } of answers) found.set(`${name}/${partitionIndex}`, Number(offset));
    }),
  );
  return partitions.map(({ topic, partition }) => found.get(`${topic}/${partition}`) ?? -1);
}
