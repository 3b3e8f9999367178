/**
 * Putting a file of a snapshot into the store and getting it out again. What is read is compared with the size and SHA-256 that
 * the manifest has of it before a byte is used: an altered file is refused, whatever the alteration.
 */
import { createHash } from "node:crypto";
import { WeirError } from "../../errors/index.ts";
import { coverageOf } from "../coverage.ts";
import { freeBytes } from "../free-bytes.ts";
import { isDelta } from "../names.ts";
import type { SnapshotFile, Store } from "../types.ts";
import type { SortedRows } from "../sort-rows.ts";
import type { SpareBuffers } from "../spare-buffers.ts";
import { compress, decompress } from "./compression.ts";
import { type DecodedFile, type Meta, decodeDatabase, encodeDatabase } from "./database.ts";

export interface WriteOptions {
  /** Keeps a copy. */
  readonly cache?: Promise<FileCopies> | undefined;
  /** Memory for many files, one after the other. */
  readonly spare?: SpareBuffers | undefined;
}
export interface FileCopies {
  keep(file: SnapshotFile, bytes: Uint8Array): Promise<void>;
}

/** Writes the rows under `path`; durable when it resolves. They have been read when this returns. */
export async function writeFile(
  store: Store,
  path: string,
  rows: SortedRows,
  meta: Meta,
  options: WriteOptions = {},
): Promise<SnapshotFile> {
  const pages = encodeDatabase(rows, { format: 1, ...meta }, options.spare);
  const bytes = await compress(pages);
  const giveUp = options.spare?.giveBack ?? freeBytes;
  if (bytes.buffer !== pages.buffer) giveUp(pages);
  const file: SnapshotFile = { path, bytes: bytes.byteLength, sha256: sha256(bytes) };
  await store.put(path, bytes);
  await (await options.cache)?.keep(file, bytes);
  giveUp(bytes);
  return isDelta(path) ? { ...file, ...coverageOf(rows) } : file;
}

/** Where verified bytes of files come from: the store, or a cache in front of it. */
export interface FileSource {
  (file: SnapshotFile): Promise<Uint8Array>;
  /** It gives the same bytes again; otherwise they are whose who asks. */
  readonly lends?: boolean;
}

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
    const pages = await decompress(bytes);
    if (source?.lends !== true) freeBytes(bytes);
    const decoded = decodeDatabase(pages);
    return {
      ...decoded,
      close() {
        decoded.close();
        freeBytes(pages);
      },
    };
  } catch (cause) {
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${store.url}/${file.path} is no snapshot file`, { cause });
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
