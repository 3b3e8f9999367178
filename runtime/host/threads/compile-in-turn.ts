/**
 * Where V8 compiles. It does so on threads of its own, which is fine as long as there are cores for them. Where workers keep all cores
 * busy, those threads take turns with the workers: a function is waited for longest while it is needed most, its loops are
 * compiled for where they stand and then once more as a whole, and all of it is paid for by the workers anyway. Then each worker does
 * better to compile in its own turn: a few milliseconds at a time, during the first second of its life.
 *
 * `npm run bench -- keyed-1k` with two workers on two cores: a tenth more records per second.
 */
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";

/** To be called before the threads are started; for all isolates of this process. */
export function compileInTurn(threads: number, cores = availableParallelism(), set = setFlagsFromString): void {
  if (threads > 1 && threads >= cores) set("--no-concurrent-recompilation");
}
