/**
 * A lock between processes that cannot go stale: SQLite's exclusive lock on an empty database file, which is a lock of the
 * kernel (fcntl) that vanishes with its holder, and is passed on by shared volumes that support file locks (NFSv4, CephFS).
 * The database is never written, so a crash leaves nothing to repair.
 */
import Database from "better-sqlite3";
import { setTimeout as sleep } from "node:timers/promises";
import { WeirError } from "../../errors/index.ts";

/**
 * Runs `action` while holding the lock.
 * @param path the lock file; made if missing, and left behind empty
 * @throws WEIR_STORE_FAILED when the lock was not had within `timeoutMs`
 */
export async function withFileLock<T>(path: string, timeoutMs: number, action: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  const lock = new Database(path, { timeout: 0 });
  try {
    for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
      if (tryLock(lock)) break;
      if (performance.now() > deadline)
        throw new WeirError("WEIR_STORE_FAILED", `${path} was locked by another process for ${timeoutMs} ms`);
      await sleep(pause);
    }
    return await action();
  } finally {
    lock.close();
  }
}

function tryLock(lock: Database.Database): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") return false;
    throw error;
  }
}
