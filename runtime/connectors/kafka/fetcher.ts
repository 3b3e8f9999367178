/**
 * Reads partitions from the brokers that lead them: one request at a time and broker, for all partitions there that have room. What
 * comes is put into each partition's own buffer.
 *
 * Invariants:
 *  - a partition is fetched only at its buffer's `fetchAt`, and an answer is taken only if that has not changed since: nothing is
 *    lost or doubled, whatever becomes of a request;
 *  - a partition whose buffer holds its share of `bufferBytes` is left out, and the others are not held up by it.
 *
 * A failure ends nothing but the request: after a pause that grows, the leaders are asked for again and reading goes on.
 */
import { WeirError } from "../../errors/index.ts";
import { type FetchAnswer, type FetchedPartition, readFetchAnswer } from "./fetch-answer.ts";
import type { PartBuffer } from "./part-buffer.ts";
import { faultName } from "./fault.ts";
import type { Cluster, Connection } from "./cluster.ts";
import { passes, pauseAfter, sourceFault } from "./source-fault.ts";
import type { SourceLog } from "./source-log.ts";
import { isolationLevel } from "./source-offsets.ts";

export interface FetchedPart {
  readonly topic: string;
  readonly partition: number;
  readonly buffer: PartBuffer<unknown>;
  /** Where the log ended when the broker last said so, and when that was, by `performance.now()`. */
  logEnd: number;
  logEndAt: number;
  /** Called when there is something new: records, a failure, a new end. */
  wake: () => void;
  /** Called when the next record is not there any more; throws, or says where to go on. */
  outOfRange: () => Promise<number>;
  failure: WeirError | undefined;
}

export interface Fetcher {
  add(part: FetchedPart): void;
  remove(part: FetchedPart): void;
  /** A part has room again. */
  pump(): void;
}

export interface FetcherOptions {
  readonly cluster: () => Promise<Cluster>;
  readonly readCommitted: boolean;
  readonly bufferBytes: number;
  /** A topic that is not there for so long is taken for deleted, in milliseconds. */
  readonly goneAfterMs: number;
  readonly log: SourceLog;
}

/** Long enough to spare idle brokers, short enough for other requests on the connection, which wait behind it. */
const idleWaitMs = 500;
/** While some partitions are left out because they are full: they may have room any moment. */
const busyWaitMs = 10;
const largestShare = 1 << 20;
const smallestShare = 16 << 10;

export function createFetcher(options: FetcherOptions): Fetcher {
  const { readCommitted, bufferBytes, goneAfterMs, log } = options;
  const parts = new Map<string, FetchedPart>();
  /** Brokers that a request is out to, or that are left alone until the leaders were asked for anew. */
  const busy = new Set<number>();
  const down = new Set<number>();
  /** Partitions whose leader is not known, or is another one than we thought. */
  const lost = new Set<FetchedPart>();
  let cluster: Cluster | undefined;
  let failures = 0;
  /** Leaders are being asked for, or will be after a pause. What does not concern goes on meanwhile. */
  let searching = false;
  const goneSince = new Map<string, number>();

  const share = (): number =>
    Math.max(smallestShare, Math.min(largestShare * 4, Math.floor(bufferBytes / Math.max(1, parts.size))));
  const fail = (part: FetchedPart, failure: WeirError): void => {
    parts.delete(nameOf(part));
    lost.delete(part);
    part.failure = failure;
    part.wake();
  };
  const failAll = (error: unknown): void => {
    for (const part of parts.values()) fail(part, sourceFault(`read topic "${part.topic}"`, error));
  };

  /** After something went wrong: waits, and asks who leads what. */
  const search = (error: unknown): void => {
    if (searching || parts.size === 0) return;
    searching = true;
    failures++;
    if (failures === 3) log.warn({ fault: faultName(error) }, "a broker is out of reach; trying on");
    const go = (): void => {
      if (parts.size === 0) return void (searching = false);
      look().then(
        () => {
          searching = false;
          lost.clear();
          for (const node of down) busy.delete(node);
          down.clear();
          pump();
        },
        (failure: unknown) => {
          searching = false;
          if (passes(failure)) search(failure);
          else failAll(failure);
        },
      );
    };
    // The first time nothing has gone wrong.
    if (error === undefined) go();
    else setTimeout(go, pauseAfter(failures));
  };
  const look = async (): Promise<void> => {
    cluster ??= await options.cluster();
    for (const topic of new Set([...parts.values()].map((part) => part.topic))) {
      try {
        await cluster.refresh([topic]);
        goneSince.delete(topic);
      } catch (error) {
        if (faultName(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
        missing(topic, error);
      }
    }
  };
  const missing = (topic: string, error: unknown): void => {
    const since = goneSince.get(topic) ?? performance.now();
    goneSince.set(topic, since);
    if (performance.now() - since < goneAfterMs) return;
    for (const part of parts.values()) if (part.topic === topic) fail(part, sourceFault(`read topic "${topic}"`, error));
  };

  const pump = (): void => {
    if (parts.size === 0) return;
    if (cluster === undefined) return search(undefined);
    const limit = share();
    const ready = new Map<number, FetchedPart[]>();
    let full = 0;
    for (const part of parts.values()) {
      const node = cluster.leader(part.topic, part.partition);
      if (node === undefined) lost.add(part);
      if (node === undefined || lost.has(part)) continue;
      if (part.buffer.bytes >= limit / 2) full++;
      else if (!busy.has(node)) {
        const list = ready.get(node);
        if (list === undefined) ready.set(node, [part]);
        else list.push(part);
      }
    }
    for (const [node, list] of ready) void fetch(node, list, full > 0 ? busyWaitMs : idleWaitMs, limit);
    if (lost.size > 0) search(new Error("a partition has no leader"));
  };

  const fetch = async (node: number, list: readonly FetchedPart[], waitMs: number, limit: number): Promise<void> => {
    busy.add(node);
    const asked = new Map(list.map((part) => [nameOf(part), part.buffer.fetchAt]));
    try {
      const answer = await cluster!.onNode(node, (connection) => request(cluster!, connection, list, waitMs, limit));
      take(answer, asked);
      if (lost.size === 0 && down.size === 0) {
        if (failures >= 3) log.warn({ failures }, "the brokers are back; reading on");
        failures = 0;
      }
      if (answer.throttleMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(answer.throttleMs, 30_000)));
      busy.delete(node);
      pump();
    } catch (error) {
      if (!passes(error)) return failAll(error);
      down.add(node);
      search(error);
    }
  };

  const take = (answer: FetchAnswer, asked: ReadonlyMap<string, number>): void => {
    const { kafka } = cluster!;
    if (answer.errorCode !== 0) throw new kafka.ProtocolError(answer.errorCode);
    for (const fetched of answer.partitions) {
      const part = parts.get(nameOf(fetched));
      if (part === undefined || part.buffer.fetchAt !== asked.get(nameOf(fetched))) continue;
      if (fetched.errorCode === 0) receive(part, fetched);
      else if (kafka.protocolErrorsCodesById[fetched.errorCode] === "OFFSET_OUT_OF_RANGE") relocate(part);
      else {
        const error = new kafka.ProtocolError(fetched.errorCode);
        if (passes(error) || faultName(error) === "UNKNOWN_TOPIC_OR_PARTITION") lost.add(part);
        else fail(part, sourceFault(`read topic "${part.topic}", partition ${part.partition}`, error));
      }
    }
  };
  const receive = (part: FetchedPart, { records, aborted, highWatermark }: FetchedPartition): void => {
    part.logEnd = highWatermark;
    part.logEndAt = performance.now();
    try {
      if (part.buffer.push(records, aborted)) part.wake();
    } catch (error) {
      fail(part, sourceFault(`read topic "${part.topic}", partition ${part.partition}`, error));
    }
  };
  /** Taken out of the round until it is known where to go on. */
  const relocate = (part: FetchedPart): void => {
    parts.delete(nameOf(part));
    part.outOfRange().then(
      (offset) => {
        part.buffer.seek(offset);
        parts.set(nameOf(part), part);
        part.wake();
        pump();
      },
      (error: unknown) => fail(part, sourceFault(`read topic "${part.topic}", partition ${part.partition}`, error)),
    );
  };

  const request = (from: Cluster, connection: Connection, list: readonly FetchedPart[], waitMs: number, limit: number) => {
    const topics = new Map<
      string,
      { partition: number; currentLeaderEpoch: number; fetchOffset: bigint; partitionMaxBytes: number }[]
    >();
    for (const part of list) {
      const partitions = topics.get(part.topic) ?? [];
      topics.set(part.topic, partitions);
      partitions.push({
        partition: part.partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(part.buffer.fetchAt),
        partitionMaxBytes: Math.min(largestShare, limit - part.buffer.bytes),
      });
    }
    const wanted = [...topics].map(([topic, partitions]) => ({
      topicId: topic,
      partitions: partitions.map((one) => ({ ...one, lastFetchedEpoch: -1 })),
    }));
    const mostBytes = Math.min(bufferBytes, 16 << 20);
    return new Promise<FetchAnswer>((resolve, reject) => {
      connection.send<FetchAnswer>(
        1,
        11,
        () => from.kafka.fetchV11.createRequest(waitMs, 1, mostBytes, isolationLevel(readCommitted), 0, -1, wanted, [], ""),
        (_correlation, _api, _version, reader) => readFetchAnswer(reader.buffer.slice(reader.position)),
        false,
        false,
        (error, answer) => (error ? reject(error) : resolve(answer as FetchAnswer)),
      );
    });
  };

  return {
    add(part) {
      parts.set(nameOf(part), part);
      pump();
    },
    remove(part) {
      if (parts.get(nameOf(part)) === part) parts.delete(nameOf(part));
      lost.delete(part);
    },
    pump,
  };
}

const nameOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;
