import { generatorSource, type PartitionedSource } from "weir";
import type { Tally } from "./tally.ts";

const batchSize = 4_096;

/**
 * 0 … `count` - 1. With several parts, `owner` says which part holds which number, as a topic with partitions by key would: what
 * belongs to one key stays in order, so that answers do not depend on how parts interleave.
 */
export function integers(count: number, tally: Tally, parts = 1, owner?: (i: number) => number): PartitionedSource<number, any> {
  const all = generatorSource({ parts: 1, count, batchSize, make: (index) => index });
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    async buildPart(name, resume, context) {
      if (parts === 1 || owner === undefined) {
        const whole = await all.buildPart(name, resume, context);
        return {
          ...whole,
          nextBatch() {
            tally.begin();
            return whole.nextBatch();
          },
        };
      }
      const part = Number(name);
      let next = resume ?? 0;
      return {
        nextBatch() {
          tally.begin();
          if (next >= count) return null;
          // oxlint-disable-next-line unicorn/no-new-array -- growing it would take as long as filling it
          const batch = new Array<number>(batchSize);
          let size = 0;
          for (; next < count && size < batchSize; next++) if (owner(next) === part) batch[size++] = next;
          batch.length = size;
          return batch;
        },
        snapshot: () => next,
      };
    },
  };
}
