/**
 * Kafka topics as a source. A part is a partition, named `<topic>/<partition>`; its position in the snapshot is the offset of the next
 * record. Which worker reads which partition is Weir's own affair: no consumer group is joined, and positions published to one are for
 * onlookers only.
 */
import type { PartContext, PartitionedSource, SourcePart } from "../../flow/source.ts";
import { WeirError } from "../../errors/index.ts";
import type { FetchedPart } from "./fetcher.ts";
import { createPartBuffer } from "./part-buffer.ts";
import { atEnd, atStart } from "./source-offsets.ts";
import { type Decoded, type KafkaBadRecord, type KafkaFormat, type KafkaMessage, messageMaker } from "./source-message.ts";
import { type KafkaSourceOptions, type SourceSettings, sourceSettings } from "./source-options.ts";
import { createSession, type SourceSession } from "./source-session.ts";

/**
 * Each record is processed exactly once as far as state is concerned. A record whose key or value cannot be decoded stops the flow; see
 * `kafkaInput` for setting such records aside. Lag is in offsets up to the end of the log.
 *
 * Throws WEIR_FLOW_OPTION at once for an option that makes no sense; the flow fails with WEIR_SOURCE_FAILED when the package
 * `@platformatic/kafka` is not installed, a topic is missing, or credentials are refused, and with WEIR_SOURCE_POSITION when the next
 * record is not there any more.
 */
export function kafkaSource<K extends KafkaFormat = "bytes", V extends KafkaFormat = "bytes", KeyType = never, ValueType = never>(
  options: KafkaSourceOptions<K, V, KeyType, ValueType>,
): PartitionedSource<KafkaMessage<Decoded<K, KeyType>, Decoded<V, ValueType>>, number> {
  return openSource(sourceSettings(options), "fail") as PartitionedSource<any, number>;
}

export type AnyMessage = KafkaMessage<unknown, unknown> | KafkaBadRecord;

export function openSource(settings: SourceSettings, onBad: "fail" | "keep"): PartitionedSource<AnyMessage, number> {
  const session = createSession(settings);
  let listed: readonly string[] | undefined;
  return {
    kind: "partitioned",
    async listParts() {
      try {
        const counts = await session.partitions();
        listed = [...counts].flatMap(([topic, count]) => Array.from({ length: count }, (_, i) => `${topic}/${i}`));
      } catch (error) {
        // What is being read goes on by itself; new partitions are found the next time.
        if (listed === undefined) throw error;
      }
      return listed;
    },
    buildPart(part, resume, context) {
      const at = part.lastIndexOf("/");
      const name = { topic: part.slice(0, at), partition: Number(part.slice(at + 1)) };
      const build = (from: number, until: number): SourcePart<AnyMessage, number> =>
        partitionPart({ ...name, from, until, settings, session, onBad });
      // With a position nothing is to be asked, so that brokers that are away do not keep a flow from resuming.
      if (resume !== undefined && !settings.untilEnd) return build(resume, Infinity);
      return bounds(name, resume, settings, session, context).then(([from, until]) => build(from, until));
    },
  };
}

type Name = { readonly topic: string; readonly partition: number };

async function bounds(
  name: Name,
  resume: number | undefined,
  settings: SourceSettings,
  session: SourceSession,
  context: PartContext | undefined,
): Promise<readonly [from: number, until: number]> {
  const until = settings.untilEnd ? await session.offsets(name, atEnd) : Infinity;
  if (resume !== undefined) {
    const known = resume <= until;
    return [known ? resume : await outOfRange(name, resume, settings, session), until];
  }
  // Nothing of a partition that has appeared since the flow began was seen by anybody.
  if (context?.appeared === true) return [await session.offsets(name, atStart, true), until];
  const { start } = settings;
  if (start === "earliest") return [await session.offsets(name, atStart), until];
  if (start === "latest") return [await session.offsets(name, atEnd), until];
  const from = await session.offsets(name, start);
  return [from >= 0 ? from : await session.offsets(name, atEnd), until];
}

interface PartOptions extends Name {
  readonly from: number;
  /** The part ends before this offset. */
  readonly until: number;
  readonly settings: SourceSettings;
  readonly session: SourceSession;
  readonly onBad: "fail" | "keep";
}

function partitionPart(options: PartOptions): SourcePart<AnyMessage, number> {
  const { topic, partition, from, until, settings, session, onBad } = options;
  const { readCommitted, batchSize } = settings;
  const buffer = createPartBuffer<AnyMessage>({
    from,
    until,
    readCommitted,
    decompress: (compression, block) => session.decompress(compression, block),
    make: messageMaker(topic, partition, { key: settings.key, value: settings.value, onBad }),
  });
  let waiting: ((batch: AnyMessage[] | null) => void) | undefined;
  let refused: ((error: unknown) => void) | undefined;
  let first = true;
  let closed = false;

  const part: FetchedPart = {
    topic,
    partition,
    buffer,
    logEnd: from,
    logEndAt: -Infinity,
    failure: undefined,
    wake() {
      if (waiting === undefined) return;
      const [resolve, reject] = [waiting, refused!];
      waiting = refused = undefined;
      try {
        resolve(next() ?? []);
      } catch (error) {
        reject(error);
      }
    },
    outOfRange: () => outOfRange(options, buffer.position, settings, session),
  };
  const reading = session.read(part);
  /** undefined: nothing now. */
  const next = (): AnyMessage[] | null | undefined => {
    if (buffer.position >= until) return null;
    if (!buffer.empty) {
      const batch = buffer.take(batchSize);
      reading.pump();
      return batch;
    }
    if (part.failure !== undefined) throw part.failure;
    return undefined;
  };
  return {
    nextBatch() {
      if (closed) return null;
      // The first answer is a promise, so that the runtime takes our position before each call from then on.
      if (first) {
        first = false;
        return Promise.resolve([]);
      }
      const batch = next();
      if (batch !== undefined) return batch;
      return new Promise((resolve, reject) => {
        waiting = resolve;
        refused = reject;
      });
    },
    snapshot: () => buffer.position,
    committed: (position) => session.group?.publish(topic, partition, position),
    lag: async () => Math.max(0, Math.min(await session.logEnd(part), until) - buffer.position),
    close() {
      closed = true;
      reading.close();
      const resolve = waiting;
      waiting = refused = undefined;
      resolve?.([]);
    },
  };
}

/** Where to go on when the broker does not have the next record, by what the options say. @throws WEIR_SOURCE_POSITION */
async function outOfRange(
  { topic, partition }: Name,
  position: number,
  settings: SourceSettings,
  session: SourceSession,
): Promise<number> {
  const start = await session.offsets({ topic, partition }, atStart, true);
  const end = await session.offsets({ topic, partition }, atEnd, true);
  if (settings.onOutOfRange === "earliest") return start;
  if (settings.onOutOfRange === "latest") return end;
  const why =
    position < start
      ? "what comes before has been deleted, by retention perhaps"
      : "the topic has been made anew, or has lost records";
  throw new WeirError(
    "WEIR_SOURCE_POSITION",
    `Cannot go on reading topic "${topic}", partition ${partition}, at offset ${position}: it has offsets ${start} to ${end - 1} (${why})`,
  );
}
