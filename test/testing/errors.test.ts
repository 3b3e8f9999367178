/** Errors of a user's own code: which step, which line, and the error itself as the cause. */
import { expect, test } from "vitest";
import { Dataflow, type DynamicSink, type PartitionedSource, type Stream, type WeirError } from "../../runtime/index.ts";
import { runMain, testSink, testSource } from "../../runtime/testing/index.ts";

class Own extends Error {
  readonly detail = 42;
}
const boom = (): never => {
  throw new Own("boom");
};
const boomLater = async (): Promise<never> => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new Own("boom");
};
const brokenSource = (
  part: Partial<ReturnType<PartitionedSource<number, number>["buildPart"]>>,
  more = {},
): PartitionedSource<number, number> => ({
  kind: "partitioned",
  listParts: () => ["a"],
  buildPart: () => ({ nextBatch: () => null, snapshot: () => 0, ...part }) as never,
  ...more,
});
const brokenSink = (write: () => unknown): DynamicSink<unknown> => ({
  kind: "dynamic",
  build: () => ({ writeBatch: write as never }),
});

async function failing(
  build: (numbers: Stream<number>) => Stream<unknown>,
  source?: PartitionedSource<number, number>,
  sink?: DynamicSink<unknown>,
): Promise<WeirError> {
  const flow = new Dataflow("failing");
  build(flow.input("in", source ?? testSource([1, 2, 3]))).output("out", sink ?? testSink<unknown>([]));
  try {
    await runMain(flow, { workers: 2 });
  } catch (error) {
    return error as WeirError;
  }
  throw new Error("it did not fail");
}

const steps: [string, string, (numbers: Stream<number>) => Stream<unknown>][] = [
  ["map", "WEIR_STEP_FAILED", (numbers) => numbers.map("bad", boom)],
  ["flatMap", "WEIR_STEP_FAILED", (numbers) => numbers.flatMap("bad", boom)],
  ["filter", "WEIR_STEP_FAILED", (numbers) => numbers.filter("bad", boom)],
  ["keyBy", "WEIR_STEP_FAILED", (numbers) => numbers.keyBy("bad", boom)],
  ["statefulMap", "WEIR_STEP_FAILED", (numbers) => numbers.keyBy("key", String).statefulMap("bad", boom)],
  ["foldFinal", "WEIR_STEP_FAILED", (numbers) => numbers.keyBy("key", String).foldFinal("bad", () => 0, boom)],
  ["mapAsync", "WEIR_STEP_FAILED", (numbers) => numbers.mapAsync("bad", boomLater)],
];
test.each(steps)("%s", async (_name, code, build) => {
  const error = await failing(build);
  expect(error).toMatchObject({ code, step: "bad", message: expect.stringMatching(/"bad".*boom/s) });
  expect(error.cause).toBeInstanceOf(Own);
  expect(error.cause).toMatchObject({ detail: 42, stack: expect.stringContaining("errors.test.ts") });
});

const pass = (numbers: Stream<number>): Stream<unknown> => numbers;
test.each([
  ["nextBatch", brokenSource({ nextBatch: boom })],
  ["nextBatch, later", brokenSource({ nextBatch: boomLater })],
  ["buildPart", brokenSource({}, { buildPart: boom })],
  ["buildPart, later", brokenSource({}, { buildPart: boomLater })],
  ["listParts", brokenSource({}, { listParts: boom })],
  ["listParts, later", brokenSource({}, { listParts: boomLater })],
])("a source's %s", async (_name, source) => {
  const error = await failing(pass, source);
  expect(error).toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in", cause: expect.any(Own) });
});

test.each([
  ["writeBatch", brokenSink(boom)],
  ["writeBatch, later", brokenSink(boomLater)],
  ["build", { kind: "dynamic", build: boom } as DynamicSink<unknown>],
])("a sink's %s", async (_name, sink) => {
  const error = await failing(pass, undefined, sink);
  expect(error).toMatchObject({ code: "WEIR_SINK_FAILED", step: "out", cause: expect.any(Own) });
});
