/**
 * Objects as files of a directory, on one machine or on a volume that several share. An object appears whole or not at all:
 * it is written to a temporary file, fsynced, renamed, and the directory fsynced. A conditional write compares and renames
 * under a lock of the kernel (file-lock.ts); its version is the hash of the content.
 */
import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { defaultTimeoutMs, withDeadline } from "../../cloud/index.ts";
import { WeirError, asWeirError, invariant } from "../../errors/index.ts";
import type { Store, StoredObject } from "../types.ts";
import { withFileLock } from "./file-lock.ts";

const temporarySuffix = ".tmp";
/** No write lasts this long: its time limit is far shorter. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export interface FileStoreOptions {
  /** Milliseconds that one operation may take; default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** For tests of crashes: called before each step of a write. */
  readonly onStep?: (step: "write" | "sync" | "rename" | "sync-directory", name: string) => void;
}

export function createFileStore(url: string, directory: string, options: FileStoreOptions = {}): Store {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const step = options.onStep ?? (() => undefined);

  async function read(name: string): Promise<StoredObject | undefined> {
    try {
      const bytes = await readWhole(pathOf(name));
      let version: string | undefined;
      // Only whoever replaces an object asks for its version, and large ones are never replaced.
      return {
        bytes,
        get version() {
          return (version ??= versionOf(bytes));
        },
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
  async function replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = pathOf(name);
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${temporarySuffix}`);
    try {
      step("write", name);
      const handle = await open(temporary, "wx");
      try {
        await handle.writeFile(bytes);
        step("sync", name);
        await handle.sync();
      } finally {
        await handle.close();
      }
      step("rename", name);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    step("sync-directory", name);
    await syncDirectory(dirname(path));
  }
  function pathOf(name: string): string {
    invariant(isObjectName(name), `object name ${name}`);
    return join(directory, name);
  }
  function run<T>(what: string, operation: () => Promise<T>): Promise<T> {
    return withDeadline(timeoutMs, "WEIR_STORE_FAILED", `${url}: ${what}`, operation).catch((error: unknown) => {
      throw asWeirError(error, "WEIR_STORE_FAILED", `${url}: ${what}`);
    });
  }
  return {
    url,
    get: (name) => run(`reading ${name}`, () => read(name)),
    put: (name, bytes) =>
      run(`writing ${name}`, async () => {
        await makeDirectory(dirname(pathOf(name)));
        await replace(name, bytes);
      }),
    putIf: (name, bytes, version) =>
      run(`writing ${name}`, async () => {
        const path = pathOf(name);
        await makeDirectory(dirname(path));
        return await withFileLock(join(dirname(path), `.${basename(path)}.lock`), timeoutMs, async () => {
          if ((await read(name))?.version !== version) {
            throw new WeirError("WEIR_STORE_PRECONDITION", `${url}: ${name} was changed by another writer`);
          }
          await replace(name, bytes);
          return versionOf(bytes);
        });
      }),
    list: (prefix) =>
      run(`listing ${prefix}`, async () => {
        const { names, abandoned } = await filesBelow(directory, "", prefix);
        // What a crash left behind is swept up by whoever comes across it; that it is swept is nobody's concern.
        for (const path of abandoned) await rm(path, { force: true }).catch(() => undefined);
        return names.toSorted();
      }),
    delete: (names) =>
      run(`deleting ${names.length} objects`, async () => {
        for (const name of names) await rm(pathOf(name), { force: true });
      }),
    close: () => Promise.resolve(),
  };
}

/** Relative, without "..", and no part that starts with a dot: those are the store's own temporary and lock files. */
export function isObjectName(name: string): boolean {
  return name !== "" && name.split("/").every((part) => part !== "" && !part.startsWith("."));
}

/** In as few calls as may be: `readFile` makes one for each 512 KiB. */
async function readWhole(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, Math.min(size - filled, 1 << 30), filled);
      // Cut short since: whoever reads it has a length and a hash to compare with.
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

interface Found {
  readonly names: string[];
  /** Temporary files so old that no write can be using them. */
  readonly abandoned: string[];
}

async function filesBelow(
  directory: string,
  relative: string,
  prefix: string,
  found: Found = { names: [], abandoned: [] },
): Promise<Found> {
  // Only branches that can hold a name with the prefix are visited.
  if (!relative.startsWith(prefix) && !prefix.startsWith(relative)) return found;
  const entries = await readdir(join(directory, relative), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for (const entry of entries) {
    const name = relative + entry.name;
    if (entry.name.startsWith(".")) {
      const path = join(directory, name);
      if (entry.name.endsWith(temporarySuffix) && (await ageOf(path)) > abandonedAfterMs) found.abandoned.push(path);
    } else if (entry.isDirectory()) await filesBelow(directory, `${name}/`, prefix, found);
    else if (name.startsWith(prefix)) found.names.push(name);
  }
  return found;
}
/** Milliseconds since the last write; 0 when it is gone already. */
async function ageOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}

/** Like `mkdir -p`, and durable: each new directory's entry is synced into its parent. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
function versionOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "ENOENT" || code === "ENOTDIR";
}
