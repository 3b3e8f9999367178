/**
 * Objects as a sink, exactly once: what a worker writes between two snapshots goes into uploads that nobody sees; the snapshot's manifest
 * names them, and after it they are completed. Whatever no manifest names is aborted, or forgotten by the service.
 */
import { faultOf } from "../../cloud/index.ts";
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import type { SinkContext, TransactionalSink } from "../../flow/sink.ts";
import type { Bucket } from "./bucket.ts";
import { type Encoder, jsonlEncoder } from "./encoder.ts";
import { beforeExecution, folderOf, objectKey, parseObjectKey } from "./object-key.ts";
import { type ObjectOptions, openBucket, type OpenedBucket } from "./open-bucket.ts";
import { parquetEncoder, type ParquetSchema, parquetTypes } from "./parquet-encoder.ts";
import { type Patience, patiently } from "./patience.ts";
import { abortAll, completeAll } from "./settle.ts";
import { objectSinkPart } from "./sink-part.ts";
import type { PreparedObject } from "./upload.ts";

export interface ObjectSinkOptions<T = unknown> extends ObjectOptions {
  /** "jsonl": a JSON value per line; "parquet": items are objects, a column per field. */
  format: "jsonl" | "parquet";
  /** Folders below the step's that an item goes to: "day=2026-01-31", or "country=CH/day=2026-01-31". */
  partitionBy?: (item: T) => string;
  /** Of Parquet objects: the columns and their types. By default each object's first row group says. */
  schema?: ParquetSchema;
  /** Rows per group of Parquet objects. Default 50,000. */
  rowGroupSize?: number;
  /** Bytes per request; S3 wants at least 5 MiB. Default 8 MiB. */
  partBytes?: number;
  /** Bytes that a worker holds for all objects together, before it ends the one that holds most. Default 64 MiB. */
  bufferBytes?: number;
  /** Bytes after which an object is ended and another begun. Default 4 GiB. */
  maxObjectBytes?: number;
  /**
   * When a snapshot's upload is gone and its object is not there: "fail" (default) stops the flow with WEIR_SINK_LOST; "continue" is for readers
   * who remove objects, and accepts that an upload that somebody aborted looks the same.
   */
  ifLost?: "fail" | "continue";
}

/** S3 refuses smaller parts, but the last, and only when all is to be completed. */
const leastPartBytes = 5 * 2 ** 20;
/** Of S3; Azure takes more. */
const mostParts = 10_000;
const endings = { jsonl: "jsonl", parquet: "parquet" } as const;

/**
 * Throws WEIR_FLOW_OPTION for options that are not as they should be. The flow stops with WEIR_SINK_FAILED for what cannot be written and
 * WEIR_SINK_STATE when objects of this or a later execution are there already; what the service does not take for longer than `patienceMs` is
 * WEIR_SINK_INTERRUPTED, and the flow goes on from its last snapshot.
 */
export function objectSink<T>(options: ObjectSinkOptions<T>): TransactionalSink<T, unknown> {
  return bucketSink(openBucket("objectSink", options, "WEIR_SINK_FAILED"), options);
}

export function bucketSink<T>(
  { bucket, location, timeoutMs, patienceMs }: OpenedBucket,
  options: ObjectSinkOptions<T>,
): TransactionalSink<T, unknown> {
  const { format, partBytes, bufferBytes, maxObjectBytes, ifLost, encoder } = readOptions(options, location.scheme);
  const patience: Patience = { timeoutMs, patienceMs, code: "WEIR_SINK_FAILED", exhausted: "WEIR_SINK_INTERRUPTED" };
  return {
    kind: "transactional",
    async build(worker, _workers, context) {
      const { step, execution } = context ?? { step: "objects", execution: 0 };
      const folder = folderOf(location.prefix, step);
      if (worker === 0) await takeOver(bucket, folder, execution, patience, options.partitionBy !== undefined);
      return objectSinkPart({
        bucket,
        patience,
        partBytes,
        bufferBytes,
        maxObjectBytes,
        encoder,
        pathOf: options.partitionBy as ((item: unknown) => string) | undefined,
        keyFor: (path, number) => objectKey(folder, path, { execution, number, worker }, endings[format]),
      });
    },
    commit: (prepared) => completeAll(bucket, prepared as readonly PreparedObject[], patience, ifLost === "continue"),
    abort: (prepared) => abortAll(bucket, prepared as readonly PreparedObject[], patience),
  };
}

/**
 * Before an execution writes: what earlier ones prepared is settled by now, so all uploads they left are void. Objects of this or a
 * later execution mean that the store was made anew, and that keys would be given twice.
 */
async function takeOver(
  bucket: Bucket,
  folder: string,
  execution: SinkContext["execution"],
  patience: Patience,
  withPaths: boolean,
): Promise<void> {
  // Below paths the keys are not in order; there the condition of `completeUpload` finds it.
  if (!withPaths) {
    await patiently(patience, `listing ${bucket.url}/${folder}`, async (signal) => {
      for await (const { key } of bucket.list(folder, signal, beforeExecution(folder, execution))) {
        if ((parseObjectKey(key)?.execution ?? -1) < execution) continue;
        throw new WeirError(
          "WEIR_SINK_STATE",
          `${bucket.url}/${key} is of execution ${parseObjectKey(key)!.execution}, and this is ${execution}: ` +
            "the flow's store is new, or another one than before. Use another prefix, or remove the objects of the earlier life.",
        );
      }
    });
  }
  let left: readonly { readonly key: string; readonly id: string }[];
  try {
    left = await patiently(
      patience,
      `listing uploads below ${bucket.url}/${folder}`,
      (signal) => bucket.uploads(folder, signal),
      (error) => [403, 501].includes(faultOf(error).status ?? 0),
    );
  } catch (error) {
    const { status, code } = faultOf(error);
    if (status !== 403 && status !== 501) throw error;
    process.emitWarning(
      `uploads that were left below ${bucket.url}/${folder} cannot be listed (${status} ${code}); let a lifecycle rule abort them`,
    );
    return;
  }
  const dead = left.filter(({ key }) => (parseObjectKey(key)?.execution ?? Infinity) < execution);
  await abortAll(
    bucket,
    dead.map(({ key, id }) => ({ key, id, token: "", parts: [] })),
    patience,
  );
}

function readOptions<T>(options: ObjectSinkOptions<T>, scheme: "s3" | "azure") {
  const { format, schema, partitionBy, ifLost = "fail" } = options;
  const { rowGroupSize = 50_000, partBytes = 8 * 2 ** 20, bufferBytes = 64 * 2 ** 20, maxObjectBytes = 4 * 2 ** 30 } = options;
  const refused = (message: string): WeirError => new WeirError("WEIR_FLOW_OPTION", `objectSink: ${message}`);
  for (const [name, value] of Object.entries({ rowGroupSize, partBytes, bufferBytes, maxObjectBytes })) {
    if (!Number.isInteger(value) || value < 1) throw refused(`${name} must be a positive integer, not ${show(value)}`);
  }
  if (scheme === "s3" && partBytes < leastPartBytes)
    throw refused(`S3 wants partBytes of at least ${leastPartBytes}, not ${partBytes}`);
  if (maxObjectBytes / partBytes > mostParts) throw refused(`maxObjectBytes must be at most ${mostParts} times partBytes`);
  if (!Object.hasOwn(endings, format ?? ""))
    throw refused(`format must be one of ${Object.keys(endings).join(", ")}, not ${show(format)}`);
  if (partitionBy !== undefined && typeof partitionBy !== "function")
    throw refused(`partitionBy must be a function, not ${show(partitionBy)}`);
  if (ifLost !== "fail" && ifLost !== "continue") throw refused(`ifLost must be "fail" or "continue", not ${show(ifLost)}`);
  if (schema !== undefined && format !== "parquet") throw refused("a schema is for Parquet objects only");
  if (schema !== undefined) {
    checkOptionsObject("objectSink", schema, "schema");
    const columns = Object.entries(schema);
    if (columns.length === 0) throw refused("the schema must name at least one column");
    for (const [name, type] of columns) {
      if (!parquetTypes.includes(type))
        throw refused(`the type of column ${show(name)} must be one of ${parquetTypes.join(", ")}, not ${show(type)}`);
    }
  }
  const encoder = (): Encoder => (format === "jsonl" ? jsonlEncoder() : parquetEncoder(schema, rowGroupSize));
  return { format, partBytes, bufferBytes, maxObjectBytes, ifLost, encoder };
}
