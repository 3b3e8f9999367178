/**
 * What V8 does on threads of its own: compile, and help with young collections. That is fine as long as there are cores for them. Where workers
 * keep all cores busy, those threads take turns with the workers: a function is waited for longest while it is needed most, its loops
 * are compiled for where they stand and then once more as a whole, a collection waits for a helper that waits for a core, and
 * all of it is paid for by the workers anyway. Then each worker does better to do it in its own turn, a few milliseconds at a time.
 *
 * `npm run bench -- keyed-1k` with two workers on two cores: a tenth more records per second for compiling, a twentieth for collections.
 */
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";

/** To be called before the threads are started; for all isolates of this process. */
export function keepToOwnTurns(threads: number, cores = availableParallelism(), set = setFlagsFromString): void {
  if (threads <= 1 || threads < cores) return;
  set("--no-concurrent-recompilation");
  set("--no-parallel-scavenge");
}
