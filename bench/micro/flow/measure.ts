/** What the benchmarks of flows share: a generated source and a table of medians, taken in turn in one run. */
import type { PartitionedSource } from "../../../runtime/index.ts";

/** `make(0)` … `make(count - 1)`, spread over parts. */
export function range<T>(count: number, batchSize: number, make: (i: number) => T, parts = 1): PartitionedSource<T, number> {
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => String(part)),
    buildPart(part, resume) {
      let next = resume ?? Math.floor((count * Number(part)) / parts);
      const end = Math.floor((count * (Number(part) + 1)) / parts);
      return {
        nextBatch() {
          if (next >= end) return null;
          const batch: T[] = [];
          for (const to = Math.min(end, next + batchSize); next < to; next++) batch.push(make(next));
          return batch;
        },
        snapshot: () => next,
      };
    },
  };
}

export async function measure<A>(
  records: number,
  variants: Readonly<Record<string, () => Promise<A> | A>>,
  answer?: A,
  rounds = 5,
): Promise<void> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, variant] of Object.entries(variants)) {
      const start = performance.now();
      const result = await variant();
      times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
      if (answer !== undefined && result !== answer) throw new Error(`${name}: ${String(result)} is not ${String(answer)}`);
    }
  }
  let first: number | undefined;
  for (const [name, list] of times) {
    const median = list.toSorted((a, b) => a - b)[list.length >> 1]!;
    first ??= median;
    console.log(
      `${name.padEnd(24)} ${(records / median / 1000).toFixed(2).padStart(8)} M records/s   ${(first / median).toFixed(2)} × ${[...times.keys()][0]}`,
    );
  }
}
