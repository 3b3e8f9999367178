/**
 * Putting a file of a snapshot into the store and getting it out again. What is read is compared with the size and SHA-256 that
 * the manifest has of it before a byte is used: an altered file is refused, whatever the alteration.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { WeirError } from "../../errors/index.ts";
import { coverageOf } from "../coverage.ts";
import { isDelta } from "../names.ts";
import type { SnapshotFile, Store } from "../types.ts";
import type { SortedRows } from "../sort-rows.ts";
import { type DecodedFile, type Meta, decodeDatabase, encodeDatabase } from "./database.ts";

/**
 * Small files are packed where we are: a trip through the thread pool takes longer, and ends at a moment that a simulation does
 * not choose.
 */
const smallBytes = 256 * 1024;
const parameters = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };
const compressInPool = promisify(zstdCompress);
const decompressInPool = promisify(zstdDecompress);
const compress = (bytes: Uint8Array): Uint8Array | Promise<Uint8Array> =>
  bytes.byteLength < smallBytes ? zstdCompressSync(bytes, parameters) : compressInPool(bytes, parameters);
const decompress = (bytes: Uint8Array): Uint8Array | Promise<Uint8Array> =>
  bytes.byteLength < smallBytes / 8 ? zstdDecompressSync(bytes) : decompressInPool(bytes);

/** Writes the rows under `path`; durable when it resolves. @param cache keeps a copy */
export async function writeFile(
  store: Store,
  path: string,
  rows: SortedRows,
  meta: Meta,
  cache?: { keep(file: SnapshotFile, bytes: Uint8Array): Promise<void> },
): Promise<SnapshotFile> {
  const bytes = await compress(encodeDatabase(rows, { format: 1, ...meta }));
  const file: SnapshotFile = { path, bytes: bytes.byteLength, sha256: sha256(bytes) };
  await store.put(path, bytes);
  await cache?.keep(file, bytes);
  return isDelta(path) ? { ...file, ...coverageOf(rows) } : file;
}

/** Where verified bytes of files come from: the store, or a cache in front of it. */
export type FileSource = (file: SnapshotFile) => Promise<Uint8Array>;

/** @throws WEIR_SNAPSHOT_MISSING or WEIR_SNAPSHOT_DAMAGED naming the file */
export async function fetchFile(store: Store, file: SnapshotFile): Promise<Uint8Array> {
  const object = await store.get(file.path);
  if (object === undefined) throw new WeirError("WEIR_SNAPSHOT_MISSING", `${store.url}/${file.path} does not exist`);
  const { bytes } = object;
  if (bytes.byteLength !== file.bytes) {
    throw new WeirError(
      "WEIR_SNAPSHOT_DAMAGED",
      `${store.url}/${file.path} has ${bytes.byteLength} bytes, and ${file.bytes} were written`,
    );
  }
  if (sha256(bytes) !== file.sha256) {
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${store.url}/${file.path} has another SHA-256 than what was written`);
  }
  return bytes;
}

/** The caller closes what it gets. @throws what `fetchFile` does */
export async function openFile(store: Store, file: SnapshotFile, source?: FileSource): Promise<DecodedFile> {
  const bytes = await (source === undefined ? fetchFile(store, file) : source(file));
  try {
    return decodeDatabase(await decompress(bytes));
  } catch (cause) {
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${store.url}/${file.path} is no snapshot file`, { cause });
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
