/**
 * Copies of files in a local directory, by the hash of their content: the survivors of a lost peer need not download again, and
 * a process that stands by can fetch what it will need. A copy is checked like the original, and a damaged one fetched anew.
 * The directory may be shared and may be emptied at any time.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asWeirError } from "../../errors/index.ts";
import type { SnapshotFile, Store } from "../types.ts";
import { type FileSource, fetchFile, sha256 } from "./file.ts";

export interface FileCacheOptions {
  /** Bytes of copies that are kept; the least recently used go first. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
}
export interface FileCache {
  /** Reads through the cache: the copy if it is good, else the store. */
  source(store: Store): FileSource;
  /** Fetches what is missing, a few files at a time. Stops quietly when aborted. @throws as `fetchFile` */
  prefetch(store: Store, files: readonly SnapshotFile[], signal?: AbortSignal): Promise<void>;
  /** Keeps a copy of what was just written. */
  keep(file: SnapshotFile, bytes: Uint8Array): Promise<void>;
}

const fetchesAtOnce = 4;
const partial = ".partial";

/** @throws WEIR_STORE_FAILED when the directory cannot be made */
export async function openFileCache(directory: string, options: FileCacheOptions = {}): Promise<FileCache> {
  const maxBytes = options.maxBytes ?? 4 * 1024 ** 3;
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw asWeirError(error, "WEIR_STORE_FAILED", `making the cache directory ${directory}`);
  }
  const pathOf = (file: SnapshotFile): string => join(directory, file.sha256);

  async function copyOf(file: SnapshotFile): Promise<Uint8Array | undefined> {
    const bytes = await readFile(pathOf(file)).catch(() => undefined);
    if (bytes === undefined) return undefined;
    if (bytes.byteLength !== file.bytes || sha256(bytes) !== file.sha256) {
      await rm(pathOf(file), { force: true }).catch(() => undefined);
      return undefined;
    }
    const now = new Date();
    await utimes(pathOf(file), now, now).catch(() => undefined);
    return bytes;
  }
  /** A full or broken disk costs a download, not the load. */
  async function keep(file: SnapshotFile, bytes: Uint8Array): Promise<void> {
    const temporary = join(directory, `${randomUUID()}${partial}`);
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, pathOf(file));
      await trim();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
  async function trim(): Promise<void> {
    const names = (await readdir(directory)).filter((name) => !name.endsWith(partial));
    const copies = await Promise.all(
      names.map(async (name) => {
        const found = await stat(join(directory, name)).catch(() => undefined);
        return { name, bytes: found?.size ?? 0, used: found?.mtimeMs ?? 0 };
      }),
    );
    let total = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    for (const copy of copies.toSorted((a, b) => a.used - b.used)) {
      if (total <= maxBytes) return;
      await rm(join(directory, copy.name), { force: true });
      total -= copy.bytes;
    }
  }
  async function fetch(store: Store, file: SnapshotFile): Promise<Uint8Array> {
    const copy = await copyOf(file);
    if (copy !== undefined) return copy;
    const bytes = await fetchFile(store, file);
    await keep(file, bytes);
    return bytes;
  }
  return {
    source: (store) => (file) => fetch(store, file),
    keep,
    async prefetch(store, files, signal) {
      const waiting = [...files];
      const work = async (): Promise<void> => {
        for (let file = waiting.shift(); file !== undefined && signal?.aborted !== true; file = waiting.shift())
          await fetch(store, file);
      };
      await Promise.all(Array.from({ length: fetchesAtOnce }, work));
    },
  };
}
