/**
 * A Parquet file for reading: its footer, and the columns of one row group as arrays. ZSTD, GZIP and BROTLI pages are
 * decompressed by Node, SNAPPY by hyparquet. Invariant: a column's array has one element per row of the group.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { isWeirError, WeirError } from "../errors/index.ts";
import { readFailure } from "./failure.ts";

const compressors: Compressors = {
  ZSTD: (input) => zstdDecompressSync(input),
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
};
const noParquet = /parquet|footer|thrift|out of bounds|Invalid typed array length/i;

export interface ParquetFile {
  readonly columns: readonly string[];
  /** Rows in each row group. */
  readonly groups: readonly number[];
  /** Throws WEIR_SOURCE_FAILED for damaged pages and codecs that nobody here knows. */
  readColumn(group: number, column: string): Promise<ArrayLike<unknown>>;
  /** The bytes between which these columns of a group are. */
  spanOf(group: number, columns: readonly string[]): readonly [from: number, to: number];
  close(): void;
}

/** Throws WEIR_SOURCE_FAILED when the file cannot be read or is no Parquet file. */
export async function openParquet(path: string): Promise<ParquetFile> {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw readFailure(path, error);
  }
  return readParquet(path, bufferOf(fd), () => closeSync(fd));
}

/**
 * The same of bytes that come from elsewhere; `close` is called at once when they are no Parquet file.
 * Throws WEIR_SOURCE_FAILED, and what of ours `file.slice` throws.
 */
export async function readParquet(path: string, file: AsyncBuffer, close: () => void): Promise<ParquetFile> {
  try {
    const metadata = await parquetMetadataAsync(file);
    const groups = metadata.row_groups.map((group) => Number(group.num_rows));
    return {
      columns: topLevelColumns(metadata),
      groups,
      readColumn: (group, column) => readColumn(path, file, metadata, groups, group, column),
      spanOf: (group, columns) => spanOf(metadata, group, columns),
      close,
    };
  } catch (error) {
    close();
    if (!isWeirError(error) && error instanceof Error && noParquet.test(error.message)) {
      throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read "${path}": it is not a Parquet file (${error.message})`, {
        cause: error,
      });
    }
    throw readFailure(path, error);
  }
}

function bufferOf(fd: number): AsyncBuffer {
  const byteLength = fstatSync(fd).size;
  return {
    byteLength,
    slice(start, end = byteLength) {
      const from = start < 0 ? Math.max(0, byteLength + start) : start;
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - from));
      for (let read = 0; read < bytes.length;) {
        const more = readSync(fd, bytes, read, bytes.length - read, from + read);
        if (more === 0) throw new Error("the file was cut off while it was read");
        read += more;
      }
      return bytes.buffer;
    },
  };
}

/** The schema is a tree in preorder; the first element is the root. */
function topLevelColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  for (let i = 1; i < schema.length;) {
    names.push(schema[i]!.name);
    for (let open = 1; open > 0; i++) open += (schema[i]!.num_children ?? 0) - 1;
  }
  return names;
}

function spanOf({ row_groups }: FileMetaData, group: number, columns: readonly string[]): [number, number] {
  let from = Infinity;
  let to = 0;
  for (const { meta_data } of row_groups[group]?.columns ?? []) {
    if (meta_data === undefined || !columns.includes(meta_data.path_in_schema[0]!)) continue;
    const start = Number(meta_data.dictionary_page_offset || meta_data.data_page_offset);
    from = Math.min(from, start);
    to = Math.max(to, start + Number(meta_data.total_compressed_size));
  }
  return [Math.min(from, to), to];
}

async function readColumn(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  groups: readonly number[],
  group: number,
  column: string,
): Promise<ArrayLike<unknown>> {
  const rowStart = groups.slice(0, group).reduce((sum, rows) => sum + rows, 0);
  const chunks: ArrayLike<unknown>[] = [];
  try {
    await parquetRead({
      file,
      metadata,
      compressors,
      columns: [column],
      rowStart,
      rowEnd: rowStart + groups[group]!,
      onChunk: ({ columnData }) => chunks.push(columnData),
    });
  } catch (error) {
    throw readFailure(`${path}#${group}`, error);
  }
  if (chunks.length === 1) return chunks[0]!;
  return chunks.flatMap((chunk) => Array.from(chunk));
}
