/** A broker for a suite of the sink, which lets whoever has rights write and forgets ids soon, and what its tests do with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { afterAll, afterEach, beforeAll } from "vitest";
import { openCluster } from "../../../runtime/connectors/kafka/cluster.ts";
import { Dataflow, kafkaSink, type KafkaSinkOptions, type KafkaSinkRecord } from "../../../runtime/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { type Broker, startBroker } from "./broker.ts";
import { readTopic } from "./read-committed.ts";

/** To be called where tests are defined: the broker lives as long as they do. */
export function sinkWorld() {
  let broker: Broker;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-sink-"));
    broker = await startBroker({
      properties: {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        // Ids are forgotten soon after their last transaction, as they are after a week.
        "transactional.id.expiration.ms": 10_000,
        "transaction.remove.expired.transaction.cleanup.interval.ms": 500,
      },
    });
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  afterEach(() => {
    broker.proxy.stalled = broker.proxy.refuse = false;
    broker.proxy.delayMs = 0;
  });

  type Options = Partial<KafkaSinkOptions<KafkaSinkRecord>>;
  const sinkTo = (topic: string, options: Options = {}) =>
    kafkaSink<KafkaSinkRecord>({
      brokers: broker.bootstrap,
      topic,
      transactionalIdPrefix: topic,
      deliveryTimeoutMs: 20_000,
      ...options,
    });
  const open = async (topic: string, options: Options = {}, execution = 1, worker = 0, workers = 1) => {
    const sink = sinkTo(topic, options);
    return { sink, part: await sink.build(worker, workers, { flow: "f", step: "s", execution }) };
  };
  /** Numbers with ten keys, in order. */
  const numbers = (from: number, to: number): KafkaSinkRecord[] =>
    Array.from({ length: to - from }, (_, i) => ({ key: `k${(from + i) % 10}`, value: String(from + i) }));
  const values = async (topic: string) => (await readTopic(broker, topic)).records.map(({ value }) => value);
  async function run(sink: ReturnType<typeof kafkaSink<KafkaSinkRecord>>, items: readonly KafkaSinkRecord[], recovery?: string) {
    const flow = new Dataflow("flow");
    flow.input("in", testSource(items, { batchSize: 100 })).output("to kafka", sink as never);
    await runMain(
      flow,
      recovery === undefined ? {} : { epochMs: 20, recovery: { store: `file://${scratch}/${recovery}`, snapshotMs: 50 } },
    );
  }

  return {
    get broker() {
      return broker;
    },
    get scratch() {
      return scratch;
    },
    sinkTo,
    open,
    numbers,
    values,
    run,
  };
}

/** Transactional ids with this prefix that the coordinator remembers. */
export async function knownIds(broker: Broker, prefix: string): Promise<string[]> {
  const options = { brokers: broker.bootstrap, clientId: "t", tls: undefined, sasl: undefined, requestTimeoutMs: 5_000 };
  const cluster = openCluster(await import("@platformatic/kafka"), options);
  try {
    const [node] = await cluster.nodes();
    const found = await cluster.onNode(node!, (connection) =>
      cluster.kafka.listTransactionsV0.api.async(connection, [], [], -1n, null),
    );
    const ids = found.transactionStates.map(({ transactionalId }) => transactionalId);
    return ids.filter((id) => id.startsWith(prefix)).toSorted();
  } finally {
    await cluster.close();
  }
}
export async function forgotten(broker: Broker, prefix: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if ((await knownIds(broker, `${prefix}-`)).length === 0) return;
    await sleep(100);
  }
  throw new Error(`the coordinator still knows ids of ${prefix}`);
}

/** Gives user "weir" all rights on what begins with `name`. */
export async function allow(broker: Broker, type: "topic" | "transactionalId", name: string): Promise<void> {
  const admin = new Admin({ clientId: "t", bootstrapBrokers: broker.bootstrap });
  const resourceType = type === "topic" ? 2 : 5;
  try {
    await admin.createAcls({
      creations: [
        {
          resourceType,
          resourceName: name,
          resourcePatternType: 4,
          principal: "User:weir",
          host: "*",
          operation: 2,
          permissionType: 3,
        },
      ],
    } as never);
  } finally {
    await admin.close();
  }
}
