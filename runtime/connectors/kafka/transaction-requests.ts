/** What is asked of the brokers about transactions: one try each, failing with what the broker or the network said. */
import type { Cluster } from "./cluster.ts";

/** A transaction, exactly: every transaction of a transactional id has its own epoch here. */
export interface TransactionName {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}
/** Where the first batch of a transaction in a partition went. */
export interface Evidence {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}
/** open: neither yet; gone: neither it nor anything of its time can be read any more; unknown: something else is there. */
export type Outcome = "committed" | "aborted" | "open" | "gone" | "unknown";

export interface TransactionRequests {
  /** Ends what is open under this id, by aborting it, and gives out the next epoch. */
  initProducer(transactionalId: string, timeoutMs: number): Promise<TransactionName>;
  addPartitions(
    name: TransactionName,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void>;
  end(name: TransactionName, commit: boolean): Promise<void>;
  /** The open transaction of an id; undefined when it has none. */
  openTransaction(transactionalId: string): Promise<TransactionName | undefined>;
  /** Ids with an open transaction, of all brokers, that this user may see. */
  listOpen(): Promise<readonly string[]>;
  /** What became of a transaction, by what a reader of committed records sees. */
  outcome(name: TransactionName, evidence: Evidence): Promise<Outcome>;
}

export function transactionRequests(cluster: Cluster): TransactionRequests {
  const { kafka } = cluster;
  return {
    async initProducer(transactionalId, timeoutMs) {
      // -1 and -1 say: whoever it was before.
      const { producerId, producerEpoch } = await cluster.onCoordinator(transactionalId, (connection) =>
        kafka.initProducerIdV4.api.async(connection, transactionalId, timeoutMs, -1n, -1),
      );
      return { transactionalId, producerId, producerEpoch };
    },
    async addPartitions(name, partitions) {
      const topics = new Map<string, number[]>();
      for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
      const request = { ...name, verifyOnly: false, topics: [...topics].map(([name, partitions]) => ({ name, partitions })) };
      await cluster.onCoordinator(name.transactionalId, (connection) =>
        kafka.addPartitionsToTxnV3.api.async(connection, [request]),
      );
    },
    async end({ transactionalId, producerId, producerEpoch }, commit) {
      await cluster.onCoordinator(transactionalId, (connection) =>
        kafka.endTxnV3.api.async(connection, transactionalId, producerId, producerEpoch, commit),
      );
    },
    async openTransaction(transactionalId) {
      const { transactionStates } = await cluster.onCoordinator(transactionalId, (connection) =>
        kafka.describeTransactionsV0.api.async(connection, [transactionalId]),
      );
      const [found] = transactionStates;
      if (found === undefined || found.transactionState !== "Ongoing") return undefined;
      return { transactionalId, producerId: found.producerId, producerEpoch: found.producerEpoch };
    },
    async listOpen() {
      const found: string[] = [];
      for (const node of await cluster.nodes()) {
        const { transactionStates } = await cluster.onNode(node, (connection) =>
          kafka.listTransactionsV0.api.async(connection, ["Ongoing"], [], -1n, null),
        );
        for (const { transactionalId } of transactionStates) found.push(transactionalId);
      }
      return found;
    },
    async outcome(name, { topic, partition, offset }) {
      await cluster.refresh([topic]);
      const leader = cluster.leader(topic, partition);
      if (leader === undefined) throw new kafka.ProtocolError("LEADER_NOT_AVAILABLE");
      const want = { partition, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1, partitionMaxBytes: 1 };
      const answer = await cluster.onNode(leader, (connection) =>
        kafka.fetchV12.api.async(connection, 0, 0, 1 << 20, 1, 0, -1, [{ topicId: topic, partitions: [want] }], [], ""),
      );
      const read = answer.responses[0]!.partitions[0]!;
      if (read.lastStableOffset <= offset) return "open";
      if (read.abortedTransactions?.some((one) => one.producerId === name.producerId && one.firstOffset === offset))
        return "aborted";
      const there = read.records?.find(({ firstOffset }) => firstOffset === offset);
      const same = there?.producerId === name.producerId && there.producerEpoch === name.producerEpoch;
      return same ? "committed" : "unknown";
    },
  };
}
