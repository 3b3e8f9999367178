/**
 * What the parts of one source share in a process: one pool of connections, one fetcher, one publisher of positions. It opens with the
 * first use and closes with the last, and may open again: an execution that follows another builds its parts anew.
 */
import { WeirError } from "../../errors/index.ts";
import { createFetcher, type FetchedPart } from "./fetcher.ts";
import { createGroupOffsets, type GroupOffsets } from "./group-offsets.ts";
import { type KafkaLibrary, loadKafka } from "./library.ts";
import type { Decompress } from "./record-batch.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { patiently } from "./source-fault.ts";
import { sourceLog } from "./source-log.ts";
import { offsetsAt, type PartitionName } from "./source-offsets.ts";
import type { SourceSettings } from "./source-options.ts";

export interface SourceSession {
  /** Number of partitions per topic, asked anew; tried as long as `connectTimeoutMs`. */
  partitions(): Promise<ReadonlyMap<string, number>>;
  /** See `offsetsAt`; tried as long as `connectTimeoutMs`, or for minutes where a flow is under way. */
  offsets(partition: PartitionName, time: number, underWay?: boolean): Promise<number>;
  read(part: FetchedPart): { pump(): void; close(): void };
  /** Where the log of a part ends now, or did when that was last known. Rejects when it never was. */
  logEnd(part: FetchedPart): Promise<number>;
  /** Of records that were fetched: the library is loaded by then. */
  readonly decompress: Decompress;
  readonly group: GroupOffsets | undefined;
}

/** What is known of an end stays good for so long, in milliseconds. */
const freshMs = 1_000;
/** Whoever asks for the lag of brokers that do not answer is told what is known after so long. */
const patienceMs = 1_000;
const goneAfterMs = 30_000;
/** A broker that restarts while a partition appears, or is looked for, must not end a flow. */
const underWayMs = 300_000;

export function createSession(settings: SourceSettings): SourceSession {
  const log = sourceLog();
  const { readCommitted, bufferBytes, connectTimeoutMs, brokers } = settings;
  let users = 0;
  let opened: Promise<Cluster> | undefined;
  let library: KafkaLibrary | undefined;
  const parts = new Set<FetchedPart>();
  let asking: Promise<void> | undefined;

  const open = (): Promise<Cluster> => {
    opened ??= loadKafka("kafkaSource", "WEIR_SOURCE_FAILED").then((loaded) => {
      library = loaded;
      return openCluster(loaded, settings);
    });
    return opened;
  };
  const release = (): void => {
    users--;
    if (users > 0 || opened === undefined) return;
    const closing = opened;
    opened = undefined;
    closing.then((cluster) => cluster.close()).catch(() => undefined);
  };
  const withCluster = async <T>(work: (cluster: Cluster) => Promise<T>): Promise<T> => {
    users++;
    try {
      return await work(await open());
    } finally {
      release();
    }
  };
  let fetcher: ReturnType<typeof createFetcher> | undefined;

  /** All ends that are not fresh, at once: whoever asks for one asks for the others next. */
  const askEnds = (): Promise<void> => {
    const old = [...parts].filter((part) => performance.now() - part.logEndAt > freshMs);
    return withCluster(async (cluster) => {
      const ends = await offsetsAt(cluster, old, -1, false);
      for (const [i, part] of old.entries()) {
        part.logEnd = ends[i]!;
        part.logEndAt = performance.now();
      }
    });
  };

  return {
    partitions: () =>
      withCluster((cluster) =>
        patiently(
          async () => {
            const counts = new Map<string, number>();
            for (const topic of settings.topics) {
              await cluster.refresh([topic]);
              counts.set(topic, await cluster.partitions(topic));
            }
            return counts;
          },
          {
            doing: `list the partitions of ${settings.topics.map((topic) => `"${topic}"`).join(", ")} at ${brokers.join(", ")}`,
            withinMs: connectTimeoutMs,
            unknownTopicMs: 1_500,
          },
        ),
      ),
    offsets: (partition, time, underWay = false) =>
      withCluster((cluster) =>
        patiently(async () => (await offsetsAt(cluster, [partition], time, readCommitted))[0]!, {
          doing: `find where "${partition.topic}", partition ${partition.partition}, begins or ends`,
          withinMs: underWay ? Math.max(connectTimeoutMs, underWayMs) : connectTimeoutMs,
          unknownTopicMs: 1_500,
        }),
      ),
    read(part) {
      users++;
      parts.add(part);
      fetcher ??= createFetcher({ cluster: open, readCommitted, bufferBytes, goneAfterMs, log });
      const mine = fetcher;
      mine.add(part);
      return {
        pump: () => mine.pump(),
        close() {
          if (!parts.delete(part)) return;
          mine.remove(part);
          // It holds a cluster that is about to close.
          if (parts.size === 0) fetcher = undefined;
          release();
        },
      };
    },
    async logEnd(part) {
      if (performance.now() - part.logEndAt <= freshMs) return part.logEnd;
      asking ??= askEnds().finally(() => (asking = undefined));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
      await Promise.race([asking, late]).catch(() => undefined);
      clearTimeout(timer);
      // What was known last is better than nothing, and nothing better than a guess.
      if (part.logEndAt === -Infinity)
        throw new WeirError("WEIR_SOURCE_FAILED", `Nobody says where topic "${part.topic}", partition ${part.partition}, ends`);
      return part.logEnd;
    },
    decompress: (compression, block) => library!.compressionsAlgorithmsByBitmask[compression]!.decompressSync(block),
    group: settings.groupId === undefined ? undefined : createGroupOffsets({ groupId: settings.groupId, withCluster, log }),
  };
}
