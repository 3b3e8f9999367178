import type { PartitionedSource } from "../flow/index.ts";
import { checkOptionsObject, checkWholeNumber, refuseOption } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import { firedAborts, knowAborts } from "./fired-aborts.ts";
import { ABORT, abortError, EOF, PAUSE } from "./sentinels.ts";

/**
 * An array as a source of one part. Its position is an index into the array; `batchSize` items make a batch (default 1),
 * and a sentinel is never inside of one. An ABORT fires once: the run that comes after, of this source or over the same store, skips it.
 * Throws WEIR_FLOW_OPTION for an option that makes no sense.
 */
export function testSource<T>(
  items: readonly (T | typeof EOF | typeof ABORT | PAUSE)[],
  options: { batchSize?: number } = {},
): PartitionedSource<T, number> {
  if (!Array.isArray(items)) refuseOption("testSource", "items", "an array", show(items));
  checkOptionsObject("testSource", options);
  const { batchSize = 1 } = options;
  checkWholeNumber("testSource", "batchSize", batchSize);
  const fired = firedAborts();
  const source: PartitionedSource<T, number> = {
    kind: "partitioned",
    listParts: () => ["iterable"],
    buildPart(_part, resume) {
      let next = resume ?? 0;
      /** Behind an EOF: this run's input has ended. */
      let ended = false;
      let pause: Promise<Iterable<T>> | undefined;
      return {
        nextBatch() {
          if (ended || next >= items.length) return null;
          const first = items[next];
          if (first === EOF) {
            next++;
            ended = true;
            return null;
          }
          if (first === ABORT) {
            if (fired.has(next)) {
              next++;
              return [];
            }
            fired.add(next);
            throw abortError(next);
          }
          if (first instanceof PAUSE) {
            pause ??= new Promise((resolve) => {
              setTimeout(() => {
                pause = undefined;
                next++;
                resolve([]);
              }, first.ms);
            });
            return pause;
          }
          const batch: T[] = [];
          while (batch.length < batchSize && next < items.length) {
            const item = items[next];
            if (item === EOF || item === ABORT || item instanceof PAUSE) break;
            batch.push(item as T);
            next++;
          }
          return batch;
        },
        snapshot: () => next,
        lag: () => items.length - next,
      };
    },
  };
  knowAborts(source, fired);
  return source;
}
