import { expect, test } from "vitest";
import { chunkLimit, chunkRecords } from "../../../runtime/flow/chunk.ts";
import { Dataflow, type DynamicSink, type Stream } from "../../../runtime/flow/index.ts";
import { lazyBatch } from "../../../runtime/flow/lazy-batch.ts";
import { listSource, run } from "../harness.ts";

/** Keeps the arrays that it is given, as a sink may. */
function keepingSink<T>(arrays: (readonly T[])[]): DynamicSink<T> {
  return { kind: "dynamic", build: () => ({ writeBatch: (items) => void arrays.push(items) }) };
}
async function batches<T, U>(items: readonly T[], build: (stream: Stream<T>) => Stream<U>, batchSize: number) {
  const arrays: (readonly U[])[] = [];
  const flow = new Dataflow("chain");
  build(flow.input("in", listSource([items], batchSize))).output("out", keepingSink(arrays));
  await run(flow);
  return arrays;
}
const count = 6 * chunkRecords;
const integers = Array.from({ length: count }, (_, i) => i);
const kinds: Record<string, (i: number) => unknown> = {
  "small integers": (i) => i,
  fractions: (i) => i + 0.5,
  "large integers": (i) => i + 2 ** 40,
  "signed zeros and NaN": (i) => [0, -0, Number.NaN, Infinity][i % 4],
  strings: (i) => `record ${i}`,
  objects: (i) => ({ i }),
  "numbers, then strings": (i) => (i < 3 * chunkRecords + 7 ? i : `record ${i}`),
  "strings, then numbers": (i) => (i < 3 * chunkRecords + 7 ? `record ${i}` : i),
  "numbers with others in their midst": (i) => (i % 100 === 50 ? { i } : i),
  "integers, then fractions": (i) => (i < 3 * chunkRecords + 7 ? i : i / 2),
  "nothing, and numbers": (i) => (i % 2 === 0 ? null : i),
};

for (const batchSize of [chunkRecords - 1, chunkRecords, 2 * chunkRecords, chunkLimit]) {
  test.each(Object.entries(kinds))(
    `batches of ${batchSize} records hand on %s, in arrays that stay as they are`,
    async (_, make) => {
      const arrays = await batches(
        integers,
        (s) => s.filter("two of three", (i) => i % 3 !== 0).map("make", (i) => make(i)),
        batchSize,
      );
      const expected = integers.filter((i) => i % 3 !== 0).map(make);
      expect(arrays.flat()).toEqual(expected);
      expect(arrays.length).toBeGreaterThan(1);
      expect(new Set(arrays).size).toBe(arrays.length);
    },
  );
}

test("steps are told how many records came and went, also where the last one counts by its column", async () => {
  const flow = new Dataflow("chain");
  flow
    .input("in", listSource([integers], 2 * chunkRecords))
    .filter("half", (i) => i % 2 === 0)
    .filterMap("third", (i) => (i % 3 === 0 ? i : undefined))
    .output("out", keepingSink([]));
  const { lowered } = await run(flow);
  const counts = lowered[0]!.metrics.steps.map(({ step, recordsIn, recordsOut }) => [step, recordsIn, recordsOut]);
  expect(counts).toEqual([
    ["in", count, count],
    ["half", count, count / 2],
    ["third", count / 2, count / 6],
    ["out", count / 6, 0],
  ]);
});

test("a lazy batch keeps integers of any size", () => {
  for (const first of [0, 2 ** 31 - 2, 2 ** 40, -5, [1, 0.5][0]!])
    expect([...lazyBatch(first, 4, (index) => index)]).toEqual([first, first + 1, first + 2, first + 3]);
});

test("a chain reads lazy batches that begin beyond 32 bits", async () => {
  const arrays: (readonly number[])[] = [];
  const from = 2 ** 31 - 3_000;
  let batch = 0;
  const flow = new Dataflow("chain");
  flow
    .input<number>("in", {
      kind: "partitioned",
      listParts: () => ["0"],
      buildPart: () => ({
        nextBatch: () => (batch === 4 ? null : lazyBatch(from + 2_000 * batch++, 2_000, (index) => index)),
        snapshot: () => 0,
      }),
    })
    .map("next", (i) => i + 1)
    .output("out", keepingSink(arrays));
  await run(flow);
  expect(arrays.flat()).toEqual(Array.from({ length: 8_000 }, (_, i) => from + i + 1));
});
