/** What needs no server: how blocks are cut, what is asked for, what is refused. The rest is in test/contracts/objects. */
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { bucketSource, objectSource, type ObjectSourceOptions } from "../../../runtime/connectors/objects/object-source.ts";
import { Dataflow } from "../../../runtime/flow/index.ts";
import type { SourcePart } from "../../../runtime/flow/source.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";
import { memoryBucket, opened, status } from "../../fakes/memory-bucket.ts";
import { scratch } from "../../testing/runs.ts";

async function readAll(part: SourcePart<unknown, unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let batch; (batch = await part.nextBatch()) !== null;) all.push(...batch);
  return all;
}
const source = (bucket: ReturnType<typeof memoryBucket>, options: Partial<ObjectSourceOptions> = {}, patienceMs?: number) =>
  bucketSource<any>(opened(bucket, "in", patienceMs), { url: "", format: "lines", ...options });

test("however an object is cut into blocks and batches, and wherever it is gone on with, its lines are the same", async () => {
  const line = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !/[\n\r\ufeff]/.test(text) && text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      async (lines, ended, blockBytes, batchSize, gzip) => {
        const text = lines.join("\n") + (ended && lines.length > 0 ? "\n" : "");
        const expected = text === "" ? [] : text.replace(/\n$/, "").split("\n");
        const bucket = memoryBucket();
        const key = gzip ? "in/a.gz" : "in/a";
        bucket.put(key, gzip ? gzipSync(text) : text);
        const { buildPart } = source(bucket, { blockBytes, batchSize });
        const part = await buildPart(key, undefined);
        const seen: unknown[] = [];
        for (;;) {
          const rest = await readAll(await buildPart(key, structuredClone(part.snapshot())));
          expect([...seen, ...rest]).toEqual(expected);
          const batch = await part.nextBatch();
          if (batch === null) break;
          seen.push(...batch);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a small object is one request", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\nb\n");
  expect(await readAll(await source(bucket).buildPart("in/a", undefined))).toEqual(["a", "b"]);
  expect(bucket.requests).toEqual(["read 0 2097152"]);
});

test("the lag of a Parquet object falls with its rows, and that of a gzipped one with its packed bytes", async () => {
  const bucket = memoryBucket();
  const columnData = [{ name: "n", data: Array.from({ length: 400 }, (_, i) => i) }];
  bucket.put("in/a.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 100 })));
  bucket.put("in/b.gz", gzipSync(Array.from({ length: 40_000 }, (_, i) => `${Math.sin(i)}\n`).join("")));
  for (const [key, format] of [
    ["in/a.parquet", "parquet"],
    ["in/b.gz", "lines"],
  ] as const) {
    const size = bucket.objects.get(key)!.bytes.length;
    const part = await source(bucket, { format, batchSize: 100, blockBytes: 10_000 }).buildPart(key, undefined);
    const lags = [await part.lag!()];
    while ((await part.nextBatch()) !== null) lags.push(await part.lag!());
    expect(lags[0]).toBe(size);
    expect(lags).toEqual(lags.toSorted((a, b) => b - a));
    expect(lags.some((lag) => lag > size * 0.2 && lag < size * 0.8)).toBe(true);
    expect(await part.lag!()).toBe(0);
  }
});

test("a listing is good for a while, and shared by all who ask meanwhile", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\n");
  const one = source(bucket);
  const part = await one.buildPart("in/a", undefined);
  await Promise.all([one.listParts(), one.listParts(), part.lag?.()]);
  await one.listParts();
  expect(bucket.requests).toEqual(["list"]);
  const always = source(bucket, { listEveryMs: 0 });
  await always.listParts();
  await always.listParts();
  expect(bucket.requests).toHaveLength(3);
});

test("a listing that failed is not kept", async () => {
  const bucket = memoryBucket();
  const one = source(bucket);
  bucket.fault = () => status(403, "AccessDenied");
  await expect(one.listParts()).rejects.toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringContaining("403 AccessDenied"),
  });
  bucket.fault = undefined;
  expect([...(await one.listParts())]).toEqual([]);
});

test.each([
  [403, "AccessDenied"],
  [404, "NoSuchBucket"],
])("status %i (%s) is an error at once", async (code, name) => {
  const bucket = memoryBucket();
  bucket.fault = () => status(code, name);
  await expect(source(bucket, {}, 60_000).listParts()).rejects.toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringContaining(`${code} ${name}`),
  });
  expect(bucket.requests).toHaveLength(1);
});

test.each([408, 429, 500, 502, 503, 504])("status %i is tried again", async (code) => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\n");
  let left = 1;
  bucket.fault = () => (left-- > 0 ? status(code) : undefined);
  expect(await readAll(await source(bucket).buildPart("in/a", undefined))).toEqual(["a"]);
  expect(bucket.requests).toHaveLength(2);
});

test("an object that is gone from the listing when the flow resumes is no part any more; its position stays, for when it comes back", async () => {
  const bucket = memoryBucket();
  const disk = scratch();
  bucket.put("in/a", "a1\na2\na3\na4\n");
  bucket.put("in/b", "b1\nb2\nb3\nb4\n");
  const run = async (seen: string[], failAt = Infinity): Promise<void> => {
    const flow = new Dataflow("gone");
    const items = flow.input("in", source(bucket, { batchSize: 1 })).map("boom", (item: string) => {
      if (seen.length === failAt) throw new Error("boom");
      seen.push(item);
      return item;
    });
    items.output("out", testSink<string>([]));
    await runMain(flow, { epochMs: 0, recovery: { store: disk.store, snapshotMs: 0 } });
  };
  const [before, without, after]: [string[], string[], string[]] = [[], [], []];
  await expect(run(before, 2)).rejects.toMatchObject({ step: "boom" });
  const a = bucket.objects.get("in/a")!;
  bucket.objects.delete("in/a");
  await run(without);
  expect(without).toEqual(["b1", "b2", "b3", "b4"].slice(-without.length));
  bucket.objects.set("in/a", a);
  await run(after);
  disk.remove();
  expect(after.length).toBeGreaterThan(0);
  expect(after).toEqual(["a2", "a3", "a4"].slice(-after.length));
});

test("following keeps the input open by a part that never ends", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\n");
  const following = source(bucket, { follow: true });
  const parts = [...(await following.listParts())];
  expect(parts).toHaveLength(2);
  const waiting = await following.buildPart(parts[0]!, undefined, { now: () => 1_000 });
  expect([await waiting.nextBatch(), waiting.nextAwake?.()]).toEqual([[], 1_000 + 3_600_000]);
});

test("objects beyond the concurrency wait until one before them has ended or was closed", async () => {
  const bucket = memoryBucket();
  for (const name of ["a", "b", "c"]) bucket.put(`in/${name}`, `${name}\n`);
  const { buildPart } = source(bucket, { concurrency: 1 });
  const [a, b, c] = await Promise.all(["in/a", "in/b", "in/c"].map((key) => buildPart(key, undefined)));
  expect(await a!.nextBatch()).toEqual(["a"]);
  const second = Promise.resolve(b!.nextBatch());
  const third = Promise.resolve(c!.nextBatch());
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(bucket.requests).toHaveLength(1);
  await b!.close?.();
  expect(await a!.nextBatch()).toBeNull();
  expect(await third).toEqual(["c"]);
  await second.catch(() => undefined);
});

test("a position of text is not taken for one of Parquet, nor the other way round", () => {
  const wrong = expect.objectContaining({ code: "WEIR_STATE_MISMATCH", message: expect.stringContaining("memory://bucket/in/a") });
  const bucket = memoryBucket();
  expect(() => source(bucket, { format: "parquet" }).buildPart("in/a", [0, 0, "", false])).toThrow(wrong);
  expect(() => source(bucket).buildPart("in/a", [0, "", false])).toThrow(wrong);
});

test("a part that is closed stops asking", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\n");
  bucket.fault = () => status(503);
  const part = await source(bucket, {}, 60_000).buildPart("in/a", undefined);
  const reading = Promise.resolve(part.nextBatch());
  await part.close?.();
  await expect(reading).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
});

test("mistakes of the program are not tried again", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a", "a\n");
  bucket.fault = () => new TypeError("no such method");
  await expect(readAll(await source(bucket).buildPart("in/a", undefined))).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED" });
  expect(bucket.requests).toHaveLength(1);
});

test("what is packed and damaged says so", async () => {
  const bucket = memoryBucket();
  bucket.put("in/a.gz", "this is not gzip");
  bucket.put("in/b.gz", gzipSync("a\n".repeat(1_000)).subarray(0, 20));
  for (const key of ["in/a.gz", "in/b.gz"]) {
    await expect(readAll(await source(bucket).buildPart(key, undefined))).rejects.toMatchObject({
      code: "WEIR_SOURCE_FAILED",
      message: expect.stringContaining(`Cannot unpack "memory://bucket/${key}"`),
    });
  }
});

describe("options", () => {
  test.each([
    [{ url: "https://bucket/x" }, "s3://bucket/prefix or azure://container/prefix"],
    [{ url: "bucket" }, "s3://bucket/prefix"],
    [{ url: "s3://user:hunter2@bucket/x" }, "credentials come from the environment"],
    [{ url: "s3://b/x" }, "names no bucket"],
    [{ format: "xml" }, "lines, jsonl, csv, parquet"],
    [{ batchSize: 0 }, "batchSize"],
    [{ concurrency: 1.5 }, "concurrency"],
    [{ blockBytes: -1 }, "blockBytes"],
    [{ listEveryMs: "1" }, "listEveryMs"],
    [{ timeoutMs: -1 }, "timeoutMs"],
    [{ glob: "[" }, "not closed"],
    [{ glob: "" }, "glob"],
    [{ columns: ["a"] }, "Parquet"],
    [{ format: "parquet", columns: [] }, "columns"],
    [{ format: "parquet", onError: () => 1 }, "onError"],
    [{ onError: 1 }, "onError"],
  ])("%j is refused at once", (wrong, message) => {
    const build = (): unknown => objectSource({ url: "s3://bucket/x", format: "lines", ...wrong } as never);
    expect(build).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION", message: expect.stringMatching(/^objectSource: /) }));
    expect(build).toThrow(message);
    expect(build).not.toThrow(/hunter2/);
  });
});
