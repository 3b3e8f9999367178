/**
 * One sandbox per folder. Invariant: the lock names a process that lives, by number and start time, or it is void; so what a SIGKILL
 * leaves behind keeps nobody out.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isSame, startTimeOf } from "./kubelet/process.ts";

/** What ends the lock. Throws when a living process has the folder. */
export function lockFolder(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, "lock");
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = openSync(file, "wx", 0o600);
      writeSync(handle, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt >= 3) throw error;
    }
    let holder: { pid: number; startTime: string } | undefined;
    try {
      holder = JSON.parse(readFileSync(file, "utf8")) as { pid: number; startTime: string };
    } catch {
      // Half written by one that died at it.
    }
    if (holder !== undefined && isSame(holder.pid, holder.startTime)) {
      throw new Error(`${directory} is in use by another sandbox, process ${holder.pid}; stop it, or choose another folder`);
    }
    rmSync(file, { force: true });
  }
}
