/** What needs no server: what is held and sent, what is refused. The rest is in test/contracts/objects. */
import { describe, expect, test } from "vitest";
import { bucketSink, objectSink, type ObjectSinkOptions } from "../../../runtime/connectors/objects/object-sink.ts";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { memoryBucket, opened, status } from "../../fakes/memory-bucket.ts";
import { scratch } from "../../testing/runs.ts";

const sinkOf = (bucket: ReturnType<typeof memoryBucket>, more: Partial<ObjectSinkOptions<any>> = {}, patienceMs = 500) =>
  bucketSink<any>(opened(bucket, "out", patienceMs), { url: "", format: "jsonl", ...more });
const context = { flow: "f", step: "s", execution: 1 };

test("nothing written is nothing prepared, and nothing asked of the service", async () => {
  const bucket = memoryBucket();
  const part = await sinkOf(bucket).build(1, 2, context);
  expect(await part.prepare(1)).toBeUndefined();
  await part.close?.();
  expect(bucket.requests).toEqual([]);
});

test("a small object is three requests", async () => {
  const bucket = memoryBucket();
  const sink = sinkOf(bucket);
  const part = await sink.build(1, 2, context);
  await part.writeBatch([{ a: 1 }]);
  await sink.commit((await part.prepare(1))!);
  expect(bucket.requests).toEqual(["begin", "part 0", "complete"]);
});

test("a part that fails for good is told at the next batch, and what was begun is aborted", async () => {
  const bucket = memoryBucket();
  const part = await sinkOf(bucket).build(1, 2, context);
  bucket.fault = (request) => (request.startsWith("part") ? status(403, "AccessDenied") : undefined);
  await part.writeBatch(["x".repeat(9 * 2 ** 20)]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(Promise.resolve().then(() => part.writeBatch(["y"]))).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: expect.stringContaining("403 AccessDenied"),
  });
  await part.close?.();
  expect(bucket.begun.size).toBe(0);
});

test("what may pass and does not is an interruption; an upload that somebody aborted is one, too", async () => {
  const bucket = memoryBucket();
  const part = await sinkOf(bucket).build(1, 2, context);
  await part.writeBatch([1]);
  bucket.fault = (request) => (request.startsWith("part") ? status(503) : undefined);
  await expect(part.prepare(1)).rejects.toMatchObject({
    code: "WEIR_SINK_INTERRUPTED",
    message: expect.stringContaining("tried for"),
  });
  bucket.fault = (request) => (request.startsWith("part") ? status(404, "NoSuchUpload") : undefined);
  const other = await sinkOf(bucket).build(1, 2, context);
  await other.writeBatch([1]);
  await expect(other.prepare(1)).rejects.toMatchObject({
    code: "WEIR_SINK_INTERRUPTED",
    message: expect.stringContaining("by somebody else"),
  });
});

test.each([408, 429, 500, 503])("a part that meets status %i is sent again", async (code) => {
  const bucket = memoryBucket();
  const sink = sinkOf(bucket, {}, 5_000);
  const part = await sink.build(1, 2, context);
  let left = 1;
  bucket.fault = (request) => (request.startsWith("part") && left-- > 0 ? status(code) : undefined);
  await part.writeBatch([1]);
  await sink.commit((await part.prepare(1))!);
  expect(bucket.requests).toEqual(["begin", "part 0", "part 0", "complete"]);
  expect([...bucket.objects.values()].map(({ bytes }) => bytes.toString())).toEqual(["1\n"]);
});

test("going back to an earlier snapshot leaves the objects of later ones in place, and writes their rows again", async () => {
  const bucket = memoryBucket();
  const disk = scratch();
  const run = (fromEpoch?: number): Promise<void> => {
    const flow = new Dataflow("back");
    flow.input("in", testSource([1, 2, 3, 4])).output("out", sinkOf(bucket));
    const recovery = { store: disk.store, snapshotMs: 0, retain: 4, ...(fromEpoch === undefined ? {} : { fromEpoch }) };
    return runMain(flow, { epochMs: 0, recovery });
  };
  await run();
  const before = [...bucket.objects.keys()];
  await run(disk.manifest().snapshots[0]!.epoch);
  disk.remove();
  const rowsOf = (keys: readonly string[]): number[] =>
    keys.toSorted().flatMap((key) => bucket.objects.get(key)!.bytes.toString().trim().split("\n").map(Number));
  expect(rowsOf(before)).toEqual([1, 2, 3, 4]);
  const again = rowsOf([...bucket.objects.keys()].filter((key) => !before.includes(key)));
  expect(again.length).toBeGreaterThan(0);
  expect(again).toEqual([2, 3, 4].slice(-again.length));
});

test("uploads that cannot be listed are a warning, and the flow goes on", async () => {
  const bucket = memoryBucket();
  bucket.fault = (request) => (request === "uploads" ? status(403, "AccessDenied") : undefined);
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  await sinkOf(bucket).build(0, 1, context);
  expect((await warned).message).toMatch(/left below memory:\/\/bucket\/out\/s\/.*403 AccessDenied.*lifecycle/);
});

test.each([
  [() => undefined, "undefined"],
  [() => 1n, "BigInt"],
  [() => Symbol("x"), "Symbol"],
])("an item without a JSON stops the flow, showing it", async (make, shown) => {
  const part = await sinkOf(memoryBucket()).build(1, 2, context);
  await expect(Promise.resolve().then(() => part.writeBatch([make()]))).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: expect.stringContaining(shown),
  });
});

test.each([1, "", "/a", "a/", "a//b", "../a", "a/.."])("partitionBy may not return %j", async (path) => {
  const part = await sinkOf(memoryBucket(), { partitionBy: () => path as string }).build(1, 2, context);
  await expect(Promise.resolve().then(() => part.writeBatch([1]))).rejects.toMatchObject({ code: "WEIR_BAD_RETURN" });
});

describe("options", () => {
  test.each([
    [{ url: "file:///x" }, "s3://bucket/prefix or azure://container/prefix"],
    [{ url: "azure://account:hunter2@container/x" }, "credentials come from the environment"],
    [{ format: "csv" }, "jsonl, parquet"],
    [{ partBytes: 1024 }, "S3 wants partBytes of at least"],
    [{ maxObjectBytes: 2 ** 40 }, "10000 times partBytes"],
    [{ bufferBytes: 0 }, "bufferBytes"],
    [{ rowGroupSize: 0 }, "rowGroupSize"],
    [{ partitionBy: "day" }, "partitionBy"],
    [{ schema: { a: "STRING" } }, "Parquet"],
    [{ format: "parquet", schema: {} }, "at least one column"],
    [{ format: "parquet", schema: { a: "TEXT" } }, "BOOLEAN, INT32"],
    [{ ifLost: "ignore" }, "ifLost"],
  ])("%j is refused at once", (wrong, message) => {
    const build = (): unknown => objectSink({ url: "s3://bucket/x", format: "jsonl", ...wrong } as never);
    expect(build).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION", message: expect.stringMatching(/^objectSink: /) }));
    expect(build).toThrow(message);
    expect(build).not.toThrow(/hunter2/);
  });
});
