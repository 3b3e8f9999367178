/**
 * Sends records in batches: one lane per partition, in which batches follow each other in the order of their records; a
 * few requests at a time to each broker, with a batch of every lane that has one there and none under way.
 *
 * Invariant: at most one batch of a lane is under way, and it is sent again with the same bytes until the broker has it. Its
 * sequence number keeps the broker from taking it twice, and nothing can overtake it.
 */
import { WeirError } from "../../errors/index.ts";
import { createBatch, type BatchFormat, type ProducerIdentity, type RecordBatch, sizeOf } from "./sink-batch.ts";
import { faultName, isPassing } from "./fault.ts";
import { endedNames, interrupted, sinkFault } from "./sink-fault.ts";
import { partitionOfKey } from "./sink-partitioner.ts";
import type { OutputRecord } from "./sink-record.ts";

export interface BatchToSend {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}
export interface BatchAnswer {
  /** "NONE", or the name of Kafka's error. */
  readonly fault: string;
  readonly message: string | undefined;
  readonly offset: bigint;
}

/** What the writer needs of the cluster. */
export interface Transport {
  readonly format: BatchFormat;
  partitions(topic: string): Promise<number>;
  leader(topic: string, partition: number): number | undefined;
  refresh(topics: Iterable<string>): Promise<void>;
  /** Answers in the order of the batches. */
  produce(node: number, batches: readonly BatchToSend[], producer: Producing): Promise<readonly BatchAnswer[]>;
}

/** Who writes, from one `begin` to the next. */
export interface Producing extends ProducerIdentity {
  readonly transactionalId: string | undefined;
  /** Makes partitions part of the transaction; asked once for each. */
  enlist?(partitions: readonly { readonly topic: string; readonly partition: number }[]): Promise<void>;
}

export interface WriterOptions {
  readonly batchBytes: number;
  readonly lingerMs: number;
  readonly bufferBytes: number;
  readonly deliveryTimeoutMs: number;
}

/** Where the first batch of this producer went: evidence of what became of it. */
export interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface Writer {
  /** Starts anew at sequence 0. Only when nothing is under way. */
  begin(producer: Producing): void;
  /** undefined, or resolves when there is room for more. @throws what has failed before */
  write(records: readonly OutputRecord[]): Promise<void> | undefined;
  /** Resolves when the brokers have everything. */
  flush(): Promise<void>;
  readonly first: Written | undefined;
  readonly topics: ReadonlySet<string>;
  /** Sends nothing more, and lets go of whoever waits. */
  stop(): void;
}

interface Sealed {
  readonly batch: RecordBatch;
  bytes: Buffer | undefined;
  readonly since: number;
}
interface Lane {
  readonly topic: string;
  readonly partition: number;
  open: RecordBatch | undefined;
  readonly queue: Sealed[];
  sequence: number;
  enlisted: boolean;
  sending: boolean;
}

/** A broker refuses requests above 100 MiB by hanging up. */
const longestRequest = 16 << 20;
const largestRecord = 90 << 20;
const requestsAtOnce = 3;

export function createWriter(transport: Transport, options: WriterOptions): Writer {
  const lanes = new Map<string, Map<number, Lane>>();
  const counts = new Map<string, number>();
  const turns = new Map<string, number>();
  let producer: Producing | undefined;
  let first: Written | undefined;
  let topics = new Set<string>();
  let buffered = 0;
  let failure: WeirError | undefined;
  let stopped = false;
  let linger: NodeJS.Timeout | undefined;
  /** Requests under way to each broker. */
  const busy = new Map<number, number>();
  let refreshing = false;
  let pauseMs = 0;
  let waiters: { readonly until: () => boolean; resolve(): void; reject(error: unknown): void }[] = [];

  const settle = (): void => {
    const before = waiters;
    waiters = [];
    for (const waiter of before) {
      if (failure !== undefined) waiter.reject(failure);
      else if (waiter.until()) waiter.resolve();
      else waiters.push(waiter);
    }
  };
  const fail = (error: WeirError): void => {
    failure ??= error;
    settle();
  };
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      waiters.push({ until: condition, resolve, reject });
      settle();
    });

  const laneOf = (topic: string, partition: number): Lane => {
    let of = lanes.get(topic);
    if (of === undefined) lanes.set(topic, (of = new Map()));
    let lane = of.get(partition);
    if (lane === undefined) {
      lane = { topic, partition, open: undefined, queue: [], sequence: 0, enlisted: false, sending: false };
      of.set(partition, lane);
    }
    return lane;
  };
  const allLanes = function* (): Iterable<Lane> {
    for (const of of lanes.values()) yield* of.values();
  };
  const seal = (lane: Lane): void => {
    lane.queue.push({ batch: lane.open!, bytes: undefined, since: performance.now() });
    lane.open = undefined;
  };
  const sealAll = (): void => {
    clearTimeout(linger);
    linger = undefined;
    for (const lane of allLanes()) if (lane.open !== undefined) seal(lane);
    send();
  };

  const add = (record: OutputRecord, partitions: number): void => {
    const { topic, key } = record;
    const turn = turns.get(topic) ?? 0;
    const partition = record.partition ?? (key === null ? turn % partitions : partitionOfKey(key, partitions));
    if (partition >= partitions)
      throw new WeirError(
        "WEIR_SINK_FAILED",
        `Topic "${topic}" has ${partitions} partitions, and a record is for partition ${partition}`,
      );
    const size = sizeOf(record);
    if (size > largestRecord) throw tooLarge(topic, record.key?.length ?? 0, record.value?.length ?? 0);
    const lane = laneOf(topic, partition);
    if (lane.open !== undefined && lane.open.size + size > options.batchBytes) {
      seal(lane);
      if (key === null) turns.set(topic, turn + 1);
    }
    lane.open ??= createBatch(record);
    const before = lane.open.size;
    lane.open.append(record);
    buffered += lane.open.size - before;
  };

  /** Requests for each broker that is free and has something to be sent. */
  const send = (): void => {
    if (stopped || failure !== undefined || producer === undefined) return;
    const ready = new Map<number, Lane[]>();
    const lost = new Set<string>();
    for (const lane of allLanes()) {
      if (lane.sending || lane.queue.length === 0) continue;
      const node = transport.leader(lane.topic, lane.partition);
      if (node === undefined) lost.add(lane.topic);
      else if ((busy.get(node) ?? 0) < requestsAtOnce) {
        const list = ready.get(node);
        if (list === undefined) ready.set(node, [lane]);
        else list.push(lane);
      }
    }
    for (const [node, list] of ready) void deliver(node, list);
    if (lost.size > 0) void refresh(lost);
  };

  const refresh = async (of: Iterable<string>): Promise<void> => {
    if (refreshing) return;
    refreshing = true;
    await backOff();
    try {
      await transport.refresh(of);
    } catch (error) {
      const name = faultName(error);
      // A topic that was there is gone, or a broker that has just started does not know it yet: time tells.
      if (!isPassing(name) && name !== "UNKNOWN_TOPIC_OR_PARTITION") fail(sinkFault("find the topic's brokers", error));
      else checkTime(name, error);
    }
    refreshing = false;
    send();
  };
  const backOff = (): Promise<void> => {
    pauseMs = Math.min(Math.max(20, pauseMs * 2), 1_000);
    return new Promise((resolve) => setTimeout(resolve, pauseMs));
  };
  const checkTime = (name: string, error: unknown): void => {
    const oldest = performance.now() - options.deliveryTimeoutMs;
    for (const lane of allLanes()) {
      if (lane.queue.length === 0 || lane.queue[0]!.since > oldest) continue;
      const seconds = options.deliveryTimeoutMs / 1000;
      const where = `write to partition ${lane.partition} of topic "${lane.topic}"`;
      if (name === "UNKNOWN_TOPIC_OR_PARTITION") return fail(sinkFault(where, error));
      return fail(interrupted(where, `no success within ${seconds} s, the last answer being ${name}`, error));
    }
  };

  const deliver = async (node: number, candidates: readonly Lane[]): Promise<void> => {
    const by = producer!;
    busy.set(node, (busy.get(node) ?? 0) + 1);
    const sent: Lane[] = [];
    let size = 0;
    for (const lane of candidates) {
      const next = lane.queue[0]!.batch.size;
      if (sent.length > 0 && size + next > longestRequest) continue;
      size += next;
      lane.sending = true;
      sent.push(lane);
    }
    let again = false;
    try {
      const fresh = sent.filter((lane) => !lane.enlisted);
      if (fresh.length > 0) await by.enlist?.(fresh);
      for (const lane of fresh) lane.enlisted = true;
      const batches = sent.map((lane): BatchToSend => {
        const head = lane.queue[0]!;
        head.bytes ??= head.batch.seal(transport.format, by, lane.sequence);
        return { topic: lane.topic, partition: lane.partition, bytes: head.bytes };
      });
      const answers = await transport.produce(node, batches, by);
      for (const [i, lane] of sent.entries()) if (!accept(lane, answers[i]!)) again = true;
      if (!again) pauseMs = 0;
    } catch (error) {
      const name = faultName(error);
      if (!isPassing(name)) fail(sinkFault("write", error));
      else checkTime(name, error);
      again = true;
    }
    if (again && failure === undefined && !stopped) {
      await backOff();
      await transport
        .refresh(new Set(sent.map(({ topic }) => topic)))
        .catch((error: unknown) => checkTime(faultName(error), error));
    }
    for (const lane of sent) lane.sending = false;
    busy.set(node, busy.get(node)! - 1);
    settle();
    send();
  };

  /** False: the batch is still to be sent. */
  const accept = (lane: Lane, { fault, message, offset }: BatchAnswer): boolean => {
    const { batch } = lane.queue[0]!;
    if (fault === "NONE" || fault === "DUPLICATE_SEQUENCE_NUMBER") {
      // An answer that was lost and asked for again may come without the offset.
      if (offset >= 0n) first ??= { topic: lane.topic, partition: lane.partition, offset };
      topics.add(lane.topic);
      lane.queue.shift();
      lane.sequence = (lane.sequence + batch.count) & 0x7fffffff;
      buffered -= batch.size;
      return true;
    }
    const where = `write to partition ${lane.partition} of topic "${lane.topic}"`;
    if (fault === "MESSAGE_TOO_LARGE" || fault === "RECORD_LIST_TOO_LARGE") {
      fail(
        batch.count === 1
          ? tooLarge(lane.topic, batch.firstKeyBytes, batch.firstValueBytes)
          : batchTooLarge(lane.topic, options.batchBytes),
      );
    } else if (isPassing(fault) || fault === "UNKNOWN_TOPIC_OR_PARTITION") checkTime(fault, answerError(fault, message));
    else if (endedNames.has(fault)) fail(interrupted(where, `the broker ended it (${fault})`));
    else fail(sinkFault(where, answerError(fault, message)));
    return false;
  };

  const write = (records: readonly OutputRecord[], from = 0): Promise<void> | undefined => {
    if (failure !== undefined) throw failure;
    for (let i = from; i < records.length; i++) {
      const record = records[i]!;
      const partitions = counts.get(record.topic);
      if (partitions === undefined) {
        return transport.partitions(record.topic).then((count) => {
          counts.set(record.topic, count);
          return write(records, i);
        });
      }
      add(record, partitions);
    }
    if (buffered >= options.batchBytes || options.lingerMs === 0) sendFull();
    linger ??= setTimeout(sealAll, options.lingerMs);
    if (buffered <= options.bufferBytes) return undefined;
    sealAll();
    return until(() => buffered <= options.bufferBytes / 2);
  };
  const sendFull = (): void => {
    for (const lane of allLanes()) if (lane.queue.length > 0) return send();
  };

  return {
    begin(next) {
      producer = next;
      first = undefined;
      topics = new Set();
      counts.clear();
      for (const lane of allLanes()) {
        lane.sequence = 0;
        lane.enlisted = false;
      }
    },
    write,
    async flush() {
      if (failure !== undefined) throw failure;
      sealAll();
      await until(() => buffered === 0);
    },
    get first() {
      return first;
    },
    get topics() {
      return topics;
    },
    stop() {
      stopped = true;
      clearTimeout(linger);
      fail(interrupted("write", "the flow has ended"));
    },
  };
}

function tooLarge(topic: string, key: number, value: number): WeirError {
  return new WeirError(
    "WEIR_SINK_FAILED",
    `Topic "${topic}" does not take a record with a key of ${key} and a value of ${value} bytes: it is too large; ` +
      "raise the topic's max.message.bytes, or leave the record out before the sink",
  );
}
function batchTooLarge(topic: string, batchBytes: number): WeirError {
  return new WeirError(
    "WEIR_SINK_FAILED",
    `Topic "${topic}" does not take batches of ${batchBytes} bytes; set the sink's batchBytes below the topic's max.message.bytes`,
  );
}
function answerError(fault: string, message: string | undefined): Error {
  return Object.assign(new Error(message ?? fault), { apiId: fault });
}
