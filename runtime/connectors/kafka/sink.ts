/**
 * Writes to Kafka: exactly once, in transactions that are prepared with a snapshot and committed after it, or at least once.
 *
 * Exactly once, on each worker: the first record after a snapshot begins a transaction; the next snapshot waits until the brokers
 * have everything, and keeps the transaction's name. Once the snapshot is committed process 0 commits the transaction by that
 * name, and whoever resumes from the snapshot does so again.
 */
import { WeirError } from "../../errors/index.ts";
import type { DynamicSink, SinkContext, SinkPart, TransactionalSink, TransactionalSinkPart } from "../../flow/sink.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { loadKafka } from "./library.ts";
import { type CheckedOptions, checkOptions, type KafkaSinkOptions } from "./sink-options.ts";
import { asRecord, type KafkaSinkRecord, type OutputRecord, toOutput } from "./sink-record.ts";
import { retry } from "./sink-retry.ts";
import { createTransport } from "./sink-transport.ts";
import { createWriter, type Writer } from "./sink-writer.ts";
import { createTransactions } from "./transaction.ts";
import { abortLeftovers, type LeftoverOptions } from "./transaction-leftovers.ts";
import { abortPrepared, commitPrepared, type PreparedTransaction } from "./transaction-outcome.ts";
import { type TransactionRequests, transactionRequests } from "./transaction-requests.ts";

/** Leftovers of processes that did not know that they were over are looked for this often, and topics' new partitions. */
const lookEveryMs = 30_000;

/** @throws WEIR_FLOW_OPTION for an option that makes no sense */
export function kafkaSink<T = KafkaSinkRecord | readonly [key: string, value: unknown]>(
  options: KafkaSinkOptions<T> & { guarantee: "atLeastOnce" },
): DynamicSink<T>;
export function kafkaSink<T = KafkaSinkRecord | readonly [key: string, value: unknown]>(
  options: KafkaSinkOptions<T>,
): TransactionalSink<T, PreparedTransaction>;
export function kafkaSink<T>(options: KafkaSinkOptions<T>): DynamicSink<T> | TransactionalSink<T, PreparedTransaction> {
  const checked = checkOptions(options as KafkaSinkOptions<never>);
  const record = (options.record ?? asRecord) as (item: T) => KafkaSinkRecord;
  const convert = (items: readonly T[]): OutputRecord[] => {
    const now = Date.now();
    return items.map((item) => toOutput(record(item), checked.topic, now));
  };
  if (checked.guarantee === "atLeastOnce") return { kind: "dynamic", build: () => plainPart(checked, convert) };
  const withRequests = sharedRequests(checked);
  return {
    kind: "transactional",
    build: (worker, workers, context) => transactionalPart(checked, convert, worker, workers, context),
    commit: (prepared) => withRequests((requests) => commitPrepared(requests, prepared, settling(checked))),
    abort: (prepared) => withRequests((requests) => abortPrepared(requests, prepared, settling(checked))),
  };
}

function settling({ deliveryTimeoutMs, ifLost }: CheckedOptions) {
  return { withinMs: deliveryTimeoutMs, ifLost };
}

/** Commits come a few at a time, at every snapshot: the connection for them is kept until nothing has come for a moment. */
const idleMs = 100;

function sharedRequests(options: CheckedOptions): (work: (requests: TransactionRequests) => Promise<void>) => Promise<void> {
  let cluster: Promise<Cluster> | undefined;
  let users = 0;
  let idle: NodeJS.Timeout | undefined;
  const release = (): void => {
    const unused = cluster;
    cluster = undefined;
    unused?.then((one) => one.close()).catch(() => undefined);
  };
  return async (work) => {
    clearTimeout(idle);
    users++;
    try {
      await work(transactionRequests(await (cluster ??= open(options))));
    } catch (error) {
      release();
      throw error;
    } finally {
      users--;
      if (users === 0) idle = setTimeout(release, idleMs);
    }
  };
}

/** @throws WEIR_SINK_FAILED when the client library is not installed */
const open = async (options: CheckedOptions): Promise<Cluster> =>
  openCluster(await loadKafka("kafkaSink", "WEIR_SINK_FAILED"), options);

/** Connected, and the topic is there. */
async function openChecked(options: CheckedOptions): Promise<Cluster> {
  const { topic, deliveryTimeoutMs: withinMs } = options;
  const cluster = await open(options);
  const doing = topic === undefined ? `reach Kafka at ${options.brokers.join(", ")}` : `write to topic "${topic}"`;
  const look = async (): Promise<unknown> => (topic === undefined ? cluster.nodes() : cluster.partitions(topic));
  try {
    await retry(look, { doing, withinMs });
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

function writerOf(cluster: Cluster, options: CheckedOptions, given: () => boolean): Writer {
  const transport = createTransport(cluster, options.compression, options.requestTimeoutMs);
  const partitions = (topic: string) =>
    retry(() => cluster.partitions(topic), { doing: `write to topic "${topic}"`, withinMs: options.deliveryTimeoutMs, given });
  return createWriter({ ...transport, partitions }, options);
}

async function plainPart<T>(options: CheckedOptions, convert: (items: readonly T[]) => OutputRecord[]): Promise<SinkPart<T>> {
  const cluster = await openChecked(options);
  let closed = false;
  const given = (): boolean => closed;
  const writer = writerOf(cluster, options, given);
  const doing = "register as a producer";
  const withinMs = options.deliveryTimeoutMs;
  const ask = async () => {
    const [node] = await cluster.nodes();
    return cluster.onNode(node!, (connection) => cluster.kafka.initProducerIdV4.api.async(connection, null, 0));
  };
  try {
    const { producerId, producerEpoch } = await retry(ask, { doing, withinMs });
    writer.begin({ producerId, producerEpoch, transactional: false, transactionalId: undefined });
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return {
    async writeBatch(items) {
      await writer.write(convert(items));
      await writer.flush();
    },
    async close() {
      closed = true;
      writer.stop();
      await cluster.close();
    },
  };
}

async function transactionalPart<T>(
  options: CheckedOptions,
  convert: (items: readonly T[]) => OutputRecord[],
  worker: number,
  workers: number,
  context: SinkContext | undefined,
): Promise<TransactionalSinkPart<T, PreparedTransaction>> {
  const prefix = options.prefix ?? (context === undefined ? undefined : `weir-${context.flow}-${context.step}`);
  if (prefix === undefined) throw new WeirError("WEIR_FLOW_OPTION", "kafkaSink: outside of a flow it needs transactionalIdPrefix");
  const { transactionTimeoutMs: timeoutMs, deliveryTimeoutMs: withinMs } = options;
  const ids = { prefix, execution: context?.execution ?? Math.floor(Date.now() / 1000) };
  const cluster = await openChecked(options);
  const requests = transactionRequests(cluster);
  let closed = false;
  const given = (): boolean => closed;
  const transactions = createTransactions(requests, { ids, worker, timeoutMs, withinMs, given });
  const writer = writerOf(cluster, options, given);
  const leftovers: LeftoverOptions = { ids, worker, workers, timeoutMs, withinMs, given };
  let lookedAt = performance.now();
  try {
    await abortLeftovers(requests, leftovers);
  } catch (error) {
    await cluster.close();
    throw error;
  }

  const begin = async (): Promise<void> => {
    const name = await transactions.begin();
    writer.begin({ ...name, transactional: true, enlist: transactions.enlist });
  };
  /** What can wait, and whose failure the flow does without. */
  const look = async (): Promise<void> => {
    if (performance.now() - lookedAt < lookEveryMs) return;
    lookedAt = performance.now();
    await Promise.allSettled([abortLeftovers(requests, leftovers), cluster.refresh(writer.topics)]);
  };
  return {
    writeBatch(items) {
      const records = convert(items);
      if (records.length === 0) return;
      return transactions.state === "open" ? writer.write(records) : begin().then(() => writer.write(records));
    },
    async prepare() {
      if (transactions.state === "idle") return undefined;
      await writer.flush();
      const { transactionalId, producerId, producerEpoch } = transactions.prepare();
      const { first, topics } = writer;
      void look();
      return {
        transactionalId,
        producerId: producerId.toString(),
        producerEpoch,
        topics: [...topics].toSorted(),
        ...(first === undefined ? {} : { first: { ...first, offset: first.offset.toString() } }),
        at: new Date().toISOString(),
        timeoutMs,
      };
    },
    async close() {
      closed = true;
      writer.stop();
      await transactions.abandon();
      await cluster.close();
    },
  };
}
