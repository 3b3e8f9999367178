/**
 * Publishes positions to a consumer group, so that what watches groups (KEDA, dashboards) sees how far a flow has come. Nobody joins the
 * group, and nothing reads the positions back: the snapshot alone says where a flow resumes.
 *
 * What cannot be published is logged and dropped: the next snapshot brings newer positions.
 */
import { answered, type Cluster, type Connection } from "./cluster.ts";
import { faultName } from "./fault.ts";
import { patiently } from "./source-fault.ts";
import type { SourceLog } from "./source-log.ts";

export interface GroupOffsets {
  /** `offset` is that of the next record to read. */
  publish(topic: string, partition: number, offset: number): void;
}

export interface GroupOffsetsOptions {
  readonly groupId: string;
  /** Lends the cluster while `work` runs. */
  readonly withCluster: (work: (cluster: Cluster) => Promise<void>) => Promise<void>;
  readonly log: SourceLog;
}

/** Positions of one snapshot come part by part, and go out together. */
const gatherMs = 20;
const publishWithinMs = 5_000;

export function createGroupOffsets({ groupId, withCluster, log }: GroupOffsetsOptions): GroupOffsets {
  let waiting = new Map<string, Map<number, number>>();
  let going = false;

  const go = async (): Promise<void> => {
    while (waiting.size > 0) {
      const offsets = waiting;
      waiting = new Map();
      try {
        await withCluster((cluster) =>
          patiently(() => commit(cluster, groupId, offsets), { doing: `publish to group "${groupId}"`, withinMs: publishWithinMs }),
        );
      } catch (error) {
        log.warn({ group: groupId, fault: faultName(error) }, "positions could not be published");
      }
    }
    going = false;
  };
  return {
    publish(topic, partition, offset) {
      let partitions = waiting.get(topic);
      if (partitions === undefined) waiting.set(topic, (partitions = new Map()));
      partitions.set(partition, offset);
      if (going) return;
      going = true;
      setTimeout(() => void go(), gatherMs);
    },
  };
}

async function commit(cluster: Cluster, groupId: string, offsets: ReadonlyMap<string, ReadonlyMap<number, number>>): Promise<void> {
  const { kafka } = cluster;
  const topics = [...offsets].map(([name, partitions]) => ({
    name,
    partitions: [...partitions].map(([partitionIndex, offset]) => ({
      partitionIndex,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: "weir",
    })),
  }));
  const request = (connection: Connection) =>
    // Generation -1 and no member: whoever only stores offsets.
    kafka.offsetCommitV8.api.async(connection, groupId, -1, "", null, topics);
  const [node] = await cluster.nodes();
  if (node === undefined) throw new kafka.ProtocolError("BROKER_NOT_AVAILABLE");
  const found = await cluster.onNode(node, (connection) => kafka.findCoordinatorV4.api.async(connection, 0, [groupId]));
  const coordinator = found.coordinators[0]!;
  if (coordinator.errorCode !== 0) throw new kafka.ProtocolError(coordinator.errorCode);
  const { failure } = await answered(cluster.onNode(coordinator.nodeId, request));
  if (failure !== undefined) throw failure;
}
