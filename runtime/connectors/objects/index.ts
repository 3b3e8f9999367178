/**
 * Object storage: S3 and Azure Blob as source and sink.
 *
 *   bucket.ts, s3-bucket.ts, azure-bucket.ts, open-bucket.ts   what both clouds can do, one request per call
 *   patience.ts, outage.ts                                     trying again, for a while, and telling of what takes longer
 *   object-source.ts, text-part.ts, parquet-part.ts            reading; object-bytes.ts and gunzip-bytes.ts feed them
 *   object-sink.ts, sink-part.ts, upload.ts, settle.ts         writing; encoder.ts and parquet-encoder.ts make the bytes
 *
 * May import the connectors' formats, flow's interfaces, cloud and errors.
 */
export { objectSource, type ObjectSourceOptions } from "./object-source.ts";
export { objectSink, type ObjectSinkOptions } from "./object-sink.ts";
export type { BadRecord, OnBadRecord } from "./bad-record.ts";
export type { ObjectOptions } from "./open-bucket.ts";
export type { ParquetSchema, ParquetType } from "./parquet-encoder.ts";
