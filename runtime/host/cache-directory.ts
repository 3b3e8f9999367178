/**
 * Where a process keeps copies of snapshot files: WEIR_CACHE_DIR, which stays, or a directory of its own under the system's
 * temporary one, which goes with the process; what a killed process left behind is removed by the next one that starts.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CacheDirectory {
  /** undefined: no copies. */
  readonly path: string | undefined;
  remove(): void;
}

const prefix = "weir-cache-";

/**
 * @param configured what WEIR_CACHE_DIR says
 * @param store URL of the recovery store; of a directory on this machine or a volume no copies are made unless they are asked for
 */
export function openCacheDirectory(
  configured: string | undefined,
  store: string | undefined,
  base: string = tmpdir(),
): CacheDirectory {
  const none: CacheDirectory = { path: undefined, remove() {} };
  if (store === undefined) return none;
  if (configured !== undefined) {
    mkdirSync(configured, { recursive: true });
    return { path: configured, remove() {} };
  }
  if (!/^(s3|azure):/.test(store)) return none;
  sweep(base);
  let path: string;
  try {
    path = mkdtempSync(join(base, `${prefix}${process.pid}-`));
  } catch {
    // A machine without a place for temporary files pays with downloads.
    return none;
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function sweep(base: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(base).filter((name) => name.startsWith(prefix));
  } catch {
    return;
  }
  for (const name of names) {
    const pid = Number(/^weir-cache-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    try {
      rmSync(join(base, name), { recursive: true, force: true });
    } catch {
      // Another user's: not ours to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
