/**
 * What the coordinator answers to whoever ends a transaction that has ended already: the second half of the commit rests on it.
 * Pinned for each level of Kafka's `transaction.version`, because the answers come from different code there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, openCluster } from "../../../runtime/connectors/kafka/cluster.ts";
import { faultName, isPassing } from "../../../runtime/connectors/kafka/fault.ts";
import { endedNames } from "../../../runtime/connectors/kafka/sink-fault.ts";
import { retry } from "../../../runtime/connectors/kafka/sink-retry.ts";
import {
  type TransactionName,
  type TransactionRequests,
  transactionRequests,
} from "../../../runtime/connectors/kafka/transaction-requests.ts";
import { createTopic } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";

const trying = { doing: "try", withinMs: 10_000 };

await whenKafka(() => {
  let broker: Broker;
  let cluster: Cluster;
  let requests: TransactionRequests;
  beforeAll(async () => {
    broker = await startBroker();
    await createTopic(broker, "t");
    cluster = openCluster(await import("@platformatic/kafka"), {
      brokers: broker.bootstrap,
      clientId: "t",
      tls: undefined,
      sasl: undefined,
      requestTimeoutMs: 10_000,
    });
    requests = transactionRequests(cluster);
  }, 60_000);
  afterAll(async () => {
    await cluster?.close();
    await broker?.close();
  });

  const open = async (id: string, timeoutMs = 60_000): Promise<TransactionName> => {
    const name = await retry(() => requests.initProducer(id, timeoutMs), trying);
    await retry(() => requests.addPartitions(name, [{ topic: "t", partition: 0 }]), trying);
    return name;
  };
  /** The final answer: what passes is tried again. */
  const end = (name: TransactionName, commit: boolean): Promise<string> =>
    retry(() => requests.end(name, commit), { ...trying, except: (fault) => !isPassing(fault) }).then(() => "NONE", faultName);
  const ended = expect.toSatisfy((fault: string) => endedNames.has(fault));

  // A level can only be lowered here: the newest first.
  describe.each([2, 1, 0])("transaction.version %i", (level) => {
    beforeAll(async () => {
      const [node] = await cluster.nodes();
      if (level === 2) return;
      const update = { feature: "transaction.version", maxVersionLevel: level, upgradeType: 2 } as const;
      await cluster.onNode(node!, (connection) => cluster.kafka.updateFeaturesV1.api.async(connection, 10_000, [update], false));
      await sleep(500);
    });
    const id = (name: string) => `${name}-${level}`;

    test("yes, and yes again", async () => {
      const kept = await open(id("kept"));
      const given = await open(id("given"));
      for (let i = 0; i < 3; i++) {
        expect(await end(kept, true)).toBe("NONE");
        expect(await end(given, false)).toBe("NONE");
      }
    });

    test("no to the opposite of what was done", async () => {
      const kept = await open(id("kept-2"));
      const given = await open(id("given-2"));
      await end(kept, true);
      await end(given, false);
      expect(await end(kept, false)).toBe("INVALID_TXN_STATE");
      expect(await end(given, true)).toBe("INVALID_TXN_STATE");
    });

    test("no to what timed out, and never yes", async () => {
      const late = await open(id("late"), 500);
      await sleep(2_000);
      for (let i = 0; i < 2; i++) expect(await end(late, true)).toEqual(ended);
      expect(await requests.openTransaction(id("late"))).toBeUndefined();
    });

    test("no to a name whose id has gone on, without touching the transaction that is open", async () => {
      const first = await open(id("on"));
      await end(first, true);
      const second = await open(id("on"));
      expect(second.producerEpoch).toBe(first.producerEpoch + 1);
      for (const commit of [true, false]) expect(await end(first, commit)).toEqual(ended);
      expect(await requests.openTransaction(id("on"))).toEqual(second);
      expect(await end(second, true)).toBe("NONE");
    });

    test("no to a name that was shut out", async () => {
      const first = await open(id("out"));
      await retry(() => requests.initProducer(id("out"), 60_000), trying);
      expect(await end(first, true)).toEqual(ended);
      expect(await requests.openTransaction(id("out"))).toBeUndefined();
    });

    test("no to an id that it does not know", async () => {
      expect(await end({ transactionalId: id("nobody"), producerId: 5n, producerEpoch: 0 }, true)).toBe(
        "INVALID_PRODUCER_ID_MAPPING",
      );
    });
  });
});
