/**
 * Rows of Parquet files as a source. A part is one row group, named `<path>#<row group>`, so that one large file can be read
 * by many workers; it is resumed at a row. The columns of a group are decoded when its first row is asked for, one column
 * per turn of the event loop, and rows are made from them by a function compiled for the columns.
 */
import { WeirError } from "../errors/index.ts";
import { checkNames, checkOptionsObject, checkWholeNumber, refuseOption } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import type { PartitionedSource, SourcePart } from "../flow/source.ts";
import { listFiles } from "./file-list.ts";
import { openParquet, type ParquetFile } from "./parquet-file.ts";
import { type RowMaker, rowMaker, withoutBigints } from "./parquet-rows.ts";

export interface ParquetSourceOptions {
  /** Names of the columns to read; all by default. */
  columns?: readonly string[];
  /** Rows per batch, at most. Default 1,000. */
  batchSize?: number;
}

/**
 * Rows are objects by column name. 64-bit integers are numbers (one beyond 2⁵³ stops the flow), timestamps and dates are
 * Dates, nulls are null. Lag is in rows. Throws WEIR_FLOW_OPTION for an option
 * that makes no sense, WEIR_SOURCE_FAILED for what cannot be listed, read or decoded, or lacks a column.
 */
export function parquetSource<T = Record<string, any>>(
  pathOrGlob: string,
  options: ParquetSourceOptions = {},
): PartitionedSource<T, number> {
  checkOptionsObject("parquetSource", options);
  const { columns, batchSize = 1_000 } = options;
  if (typeof pathOrGlob !== "string" || pathOrGlob === "") refuseOption("parquetSource", "the glob", "a path", show(pathOrGlob));
  checkWholeNumber("parquetSource", "batchSize", batchSize);
  if (columns !== undefined) checkNames("parquetSource", "columns", columns);
  return {
    kind: "partitioned",
    async listParts() {
      const parts: string[] = [];
      for (const path of listFiles(pathOrGlob)) {
        const file = await openParquet(path);
        for (let group = 0; group < file.groups.length; group++) parts.push(`${path}#${group}`);
        file.close();
      }
      return parts;
    },
    async buildPart(part, resume) {
      const { path, group } = parsePart(part);
      const file = await openParquet(path);
      try {
        return rowGroupPart<T>(file, { path, group, columns: columns ?? file.columns, batchSize, from: resume ?? 0 });
      } catch (error) {
        file.close();
        throw error;
      }
    },
  };
}

interface RowGroup {
  readonly path: string;
  readonly group: number;
  readonly columns: readonly string[];
  readonly batchSize: number;
  /** The first row to give. */
  readonly from: number;
}

function rowGroupPart<T>(file: ParquetFile, { path, group, columns, batchSize, from }: RowGroup): SourcePart<T, number> {
  const part = `${path}#${group}`;
  const rows = file.groups[group];
  if (rows === undefined)
    throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${part}": the file has ${file.groups.length} row groups`);
  if (from > rows)
    throw new WeirError(
      "WEIR_SOURCE_FAILED",
      `Cannot go on reading "${part}" at row ${from}: it has only ${rows}. Was the file replaced?`,
    );
  const missing = columns.find((column) => !file.columns.includes(column));
  if (missing !== undefined) {
    throw new WeirError(
      "WEIR_SOURCE_FAILED",
      `Cannot read "${path}": it has no column ${show(missing)}; it has ${file.columns.join(", ")}`,
    );
  }
  let row = from;
  let make: RowMaker<T> | undefined;
  let open = true;

  const decode = async (): Promise<RowMaker<T>> => {
    const data: ArrayLike<unknown>[] = [];
    for (const column of columns) {
      data.push(withoutBigints(await file.readColumn(group, column), part, column));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return rowMaker<T>(columns, data);
  };
  const give = (): T[] => {
    const until = Math.min(rows, row + batchSize);
    const batch = make!(row, until);
    row = until;
    if (until === rows) make = undefined;
    return batch;
  };
  return {
    nextBatch() {
      if (row >= rows) return null;
      if (make !== undefined) return give();
      return decode().then((decoded) => {
        make = decoded;
        return give();
      });
    },
    snapshot: () => row,
    lag: () => rows - row,
    close() {
      make = undefined;
      if (open) file.close();
      open = false;
    },
  };
}

function parsePart(part: string): { path: string; group: number } {
  const at = part.lastIndexOf("#");
  return { path: part.slice(0, at), group: Number(part.slice(at + 1)) };
}
