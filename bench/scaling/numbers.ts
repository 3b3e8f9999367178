import type { PartitionedSource } from "../../runtime/index.ts";

/** 0 … count - 1 in one part. */
export function numbers(count: number): PartitionedSource<number, number> {
  return {
    kind: "partitioned",
    listParts: () => ["0"],
    buildPart(_part, resume) {
      let next = resume ?? 0;
      return {
        nextBatch() {
          if (next >= count) return null;
          const from = next;
          next = Math.min(count, next + 4_096);
          return Array.from({ length: next - from }, (_, i) => from + i);
        },
        snapshot: () => next,
      };
    },
  };
}
