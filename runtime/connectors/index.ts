/**
 * Connectors: sources and sinks that come with Weir. Each implements the interfaces of `runtime/flow/source.ts` and
 * `sink.ts`, and imports nothing else of ours but errors. Parts are plain objects of functions, so that a wrapper may spread
 * one and replace what it changes.
 */
export { fileSource, type FileSourceOptions } from "./file-source.ts";
export { parquetSource, type ParquetSourceOptions } from "./parquet-source.ts";
export { generatorSource, type GeneratorOptions } from "./generator-source.ts";
export { replay } from "./replay.ts";
export { pollingSource, type PollingOptions } from "./polling-source.ts";
export { RetryAfter } from "./retry-after.ts";
export { stdoutSink } from "./stdout-sink.ts";
export { dirSink, fileSink, type DirSinkOptions } from "./file-sink.ts";
export { kafkaSource } from "./kafka/source.ts";
export { kafkaInput, type KafkaInput } from "./kafka/kafka-input.ts";
export type { KafkaSourceOptions } from "./kafka/source-options.ts";
export type { KafkaBadRecord, KafkaDeserializer, KafkaFormat, KafkaMessage } from "./kafka/source-message.ts";
export { kafkaSink } from "./kafka/sink.ts";
export type { KafkaSinkOptions } from "./kafka/sink-options.ts";
export type { KafkaBytes, KafkaSinkRecord } from "./kafka/sink-record.ts";
export type { PreparedTransaction } from "./kafka/transaction-outcome.ts";
export {
  type BadRecord,
  objectSink,
  type ObjectOptions,
  type ObjectSinkOptions,
  objectSource,
  type ObjectSourceOptions,
  type OnBadRecord,
  type ParquetSchema,
  type ParquetType,
} from "./objects/index.ts";
export {
  webSocketSource,
  type WebSocketMessage,
  type WebSocketPosition,
  type WebSocketResume,
  type WebSocketSourceOptions,
} from "./websocket/index.ts";
export {
  serverSentEventsSource,
  type ServerSentEvent,
  type ServerSentEventsOptions,
  type ServerSentEventsPosition,
} from "./sse/index.ts";
export { postgresSink, type PostgresRow, type PostgresSinkOptions, type PreparedRows } from "./postgres/index.ts";
