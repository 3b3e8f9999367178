/** The writer's way to the brokers: produce requests of ready-made batches, with answers per batch. */
import type { KafkaLibrary } from "./library.ts";
import { answered, type Cluster } from "./cluster.ts";
import type { BatchFormat } from "./sink-batch.ts";
import type { BatchAnswer, BatchToSend, Transport } from "./sink-writer.ts";

export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

const allReplicas = -1;

export function createTransport(cluster: Cluster, compression: Compression, requestTimeoutMs: number): Transport {
  const { kafka } = cluster;
  // The library's request takes records one by one; ours takes batches that are encoded already, and shares its answer's parser.
  const { api } = kafka.produceV9;
  const request = (transactionalId: string | null, topics: Map<string, BatchToSend[]>) =>
    kafka.Writer.create()
      .appendString(transactionalId)
      .appendInt16(allReplicas)
      .appendInt32(requestTimeoutMs)
      .appendArray([...topics], (writer, [topic, batches]) => {
        writer.appendString(topic).appendArray(batches, (part, { partition, bytes }) => {
          part
            .appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes);
        });
      })
      .appendTaggedFields();
  const produce = kafka.createAPI<
    [string | null, Map<string, BatchToSend[]>],
    ReturnType<KafkaLibrary["produceV9"]["parseResponse"]>
  >(api.key, api.version, request, kafka.produceV9.parseResponse);

  return {
    format: batchFormat(kafka, compression),
    partitions: cluster.partitions,
    leader: cluster.leader,
    refresh: cluster.refresh,
    async produce(node, batches, { transactionalId }) {
      const topics = new Map<string, BatchToSend[]>();
      for (const batch of batches) {
        const list = topics.get(batch.topic);
        if (list === undefined) topics.set(batch.topic, [batch]);
        else list.push(batch);
      }
      const { response, failure } = await answered(
        cluster.onNode(node, (connection) => produce.async(connection, transactionalId ?? null, topics)),
      );
      if (response === undefined) throw failure;
      const answers = new Map<string, BatchAnswer>();
      for (const { name, partitionResponses } of response.responses) {
        for (const { index, errorCode, baseOffset, errorMessage } of partitionResponses) {
          const fault = kafka.protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`;
          answers.set(`${index} ${name}`, { fault, message: errorMessage ?? undefined, offset: baseOffset });
        }
      }
      return batches.map(({ topic, partition }) => answers.get(`${partition} ${topic}`)!);
    },
  };
}

/** How the library makes checksums and compresses. */
function batchFormat(kafka: KafkaLibrary, compression: Compression): BatchFormat {
  const algorithm = kafka.compressionsAlgorithms[compression];
  const crc32c = (bytes: Uint8Array): number => kafka.crc32c(bytes);
  if (compression === "none") return { crc32c, compressionBits: 0 };
  return { crc32c, compress: (bytes) => algorithm.compressSync(bytes), compressionBits: algorithm.bitmask };
}
