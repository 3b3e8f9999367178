/** What docs/connectors/object-storage.md promises of the source, against real servers; titles are its sentences. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { Dataflow, fileSink, objectSource, type ObjectSourceOptions, type SourcePart } from "../../../runtime/index.ts";
import { ABORT, PAUSE, runMain, testSink, testSource } from "../../../runtime/testing/index.ts";
import { type Cloud, forEachCloud } from "./clouds.ts";

const lines = (count: number, of = "line"): string => Array.from({ length: count }, (_, i) => `${of} ${i}\n`).join("");
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);

async function readAll(part: SourcePart<unknown, unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let batch; (batch = await part.nextBatch()) !== null;) all.push(...batch);
  return all;
}
const sourceOf = (cloud: Cloud, url: string, more: Partial<ObjectSourceOptions> = {}) =>
  objectSource({ url, format: "lines", ...cloud.options, ...more });

await forEachCloud((cloud) => {
  test.each([
    ["lines", "a\r\nb\n\nc", ["a", "b", "", "c"]],
    ["jsonl", '\ufeff{"a":1}\n\n[2]\n', [{ a: 1 }, [2]]],
    [
      "csv",
      'n,t\n1,"x,\ny"\n2,z\n',
      [
        { n: "1", t: "x,\ny" },
        { n: "2", t: "z" },
      ],
    ],
  ] as const)("%s come as fileSource gives them, however blocks cut them", async (format, content, expected) => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, content);
    await cloud.put(`${prefix}/b.gz`, gzipSync(content));
    for (const blockBytes of [1, 3, 7, 1000]) {
      for (const key of ["a", "b.gz"]) {
        const part = await sourceOf(cloud, url, { format, blockBytes }).buildPart(`${prefix}/${key}`, undefined);
        expect(await readAll(part)).toEqual(expected);
      }
    }
  });

  test("a resumed part goes on at the byte where the snapshot left it", async () => {
    const { url, prefix } = cloud.fresh();
    const content = `n,t\n${Array.from({ length: 50 }, (_, i) => `${i},"t\n${i}"\n`).join("")}`;
    await cloud.put(`${prefix}/a.csv`, content);
    await cloud.put(`${prefix}/b.csv.gz`, gzipSync(content));
    for (const key of ["a.csv", "b.csv.gz"]) {
      const source = sourceOf(cloud, url, { format: "csv", batchSize: 7, blockBytes: 64 });
      const whole = await readAll(await source.buildPart(`${prefix}/${key}`, undefined));
      expect(whole).toHaveLength(50);
      const first = await source.buildPart(`${prefix}/${key}`, undefined);
      const seen: unknown[] = [];
      for (;;) {
        const position = structuredClone(first.snapshot());
        expect([...seen, ...(await readAll(await source.buildPart(`${prefix}/${key}`, position)))]).toEqual(whole);
        const batch = await first.nextBatch();
        if (batch === null) break;
        seen.push(...batch);
      }
    }
  });

  test("a part that goes on fetches only what is behind its position", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(1_000));
    const source = sourceOf(cloud, url, { batchSize: 900, blockBytes: 1 << 20 });
    const part = await source.buildPart(`${prefix}/a`, undefined);
    await part.nextBatch();
    const position = part.snapshot() as [number];
    cloud.proxy.fault = () => ({ cutAnswerAt: 2_000 });
    expect(await readAll(await source.buildPart(`${prefix}/a`, position))).toHaveLength(100);
  });

  test("a Parquet object is resumed at its row, and fetched by row groups", async () => {
    const { url, prefix } = cloud.fresh();
    const rows = 1_000;
    const columnData = [
      { name: "n", data: Array.from({ length: rows }, (_, i) => i), type: "INT32" as const },
      { name: "t", data: Array.from({ length: rows }, (_, i) => `text ${i}`), type: "STRING" as const },
    ];
    await cloud.put(`${prefix}/a.parquet`, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 300 })));
    const source = sourceOf(cloud, url, { format: "parquet", batchSize: 140 });
    const whole = await readAll(await source.buildPart(`${prefix}/a.parquet`, undefined));
    expect(whole).toHaveLength(rows);
    expect(whole[999]).toEqual({ n: 999, t: "text 999" });
    const first = await source.buildPart(`${prefix}/a.parquet`, undefined);
    const seen: unknown[] = [];
    for (;;) {
      const position = structuredClone(first.snapshot());
      expect([...seen, ...(await readAll(await source.buildPart(`${prefix}/a.parquet`, position)))]).toEqual(whole);
      const batch = await first.nextBatch();
      if (batch === null) break;
      seen.push(...batch);
    }
    const onlyN = sourceOf(cloud, url, { format: "parquet", columns: ["n"] });
    expect((await readAll(await onlyN.buildPart(`${prefix}/a.parquet`, [998, "", false])))[0]).toEqual({ n: 998 });
    await expect(
      Promise.resolve(sourceOf(cloud, url, { format: "parquet", columns: ["x"] }).buildPart(`${prefix}/a.parquet`, undefined)).then(
        readAll,
      ),
    ).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(/no column .x.; it has n, t/) });
  });

  test("an object that is replaced under a part, or between a snapshot and its resume, stops the flow", async () => {
    const { url, prefix } = cloud.fresh();
    const parquet = (from: number): Uint8Array =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [{ name: "n", data: Array.from({ length: 200 }, (_, i) => from + i) }],
          rowGroupSize: 50,
        }),
      );
    for (const format of ["lines", "parquet"] as const) {
      const key = `${prefix}/${format}`;
      await cloud.put(key, format === "lines" ? lines(100) : parquet(0));
      const source = sourceOf(cloud, url, { format, batchSize: 10, blockBytes: 100 });
      const part = await source.buildPart(key, undefined);
      await part.nextBatch();
      const position = part.snapshot();
      await cloud.replace(key, format === "lines" ? lines(100, "LINE") : parquet(7));
      const error = {
        code: "WEIR_SOURCE_FAILED",
        message: expect.stringMatching(new RegExp(`${key}.*was replaced while it was read`)),
      };
      await expect(readAll(part)).rejects.toMatchObject(error);
      await expect(readAll(await source.buildPart(key, position))).rejects.toMatchObject(error);
      await cloud.remove(key);
      await expect(readAll(await source.buildPart(key, position))).rejects.toMatchObject({
        code: "WEIR_SOURCE_FAILED",
        message: expect.stringContaining("the object is gone"),
      });
    }
  });

  test("an object that was read to its end is not looked at again", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(5));
    const source = sourceOf(cloud, url);
    const part = await source.buildPart(`${prefix}/a`, undefined);
    await readAll(part);
    await cloud.replace(`${prefix}/a`, lines(9));
    let requests = 0;
    cloud.proxy.fault = () => void requests++;
    const again = await source.buildPart(`${prefix}/a`, part.snapshot());
    expect([await again.nextBatch(), await again.lag?.(), requests]).toEqual([null, 0, 0]);
  });

  test("empty objects, folders and keys that only begin like the prefix give nothing", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/empty`, "");
    await cloud.put(`${prefix}-other/x`, "other\n");
    await cloud.put(`${prefix}/d/x.txt`, "x\n");
    await cloud.put(`${prefix}/d/y.log`, "y\n");
    expect([...(await sourceOf(cloud, url).listParts())]).toEqual([`${prefix}/d/x.txt`, `${prefix}/d/y.log`, `${prefix}/empty`]);
    expect([...(await sourceOf(cloud, url, { glob: "**/*.txt" }).listParts())]).toEqual([`${prefix}/d/x.txt`]);
    expect([...(await sourceOf(cloud, `${url}/d/y.log`).listParts())]).toEqual([`${prefix}/d/y.log`]);
    expect(await readAll(await sourceOf(cloud, url).buildPart(`${prefix}/empty`, undefined))).toEqual([]);
  });

  test("objects that come to match while the flow runs are found", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, "a\n");
    const seen: string[] = [];
    const flow = new Dataflow("follow");
    flow.input("in", sourceOf(cloud, url, { follow: true, listEveryMs: 0 })).output("out", testSink(seen));
    flow.input("clock", testSource([new PAUSE(6_500), ABORT])).raises("never");
    const running = runMain(flow, { epochMs: 50 });
    while (seen.length === 0) await sleep(10);
    await cloud.put(`${prefix}/b`, "b\n");
    await running;
    expect(seen).toEqual(["a", "b"]);
  });

  test("a connection that is cut in the middle of an object is made again, and no record is lost or doubled", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(2_000));
    let requests = 0;
    cloud.proxy.fault = (_method, path) => (path.includes("list") || ++requests % 2 === 0 ? undefined : { cutAnswerAt: 700 });
    const part = await sourceOf(cloud, url, { blockBytes: 5_000 }).buildPart(`${prefix}/a`, undefined);
    expect(await readAll(part)).toEqual(numbers(2_000));
    expect(requests).toBe(8);
  });

  test.each([500, 503, 429, "cut-before"] as const)("a request that meets %s is tried again after a pause", async (fault) => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(10));
    let left = 3;
    cloud.proxy.fault = () => (left-- > 0 ? fault : undefined);
    const source = sourceOf(cloud, url);
    expect([...(await source.listParts())]).toHaveLength(1);
    left = 3;
    expect(await readAll(await source.buildPart(`${prefix}/a`, undefined))).toEqual(numbers(10));
  });

  test("a service that is away when the flow begins stops it after the patience, one that goes away later after giveUpMs, saying what was asked", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(10));
    const source = sourceOf(cloud, url, { patienceMs: 500, giveUpMs: 1_000 });
    cloud.proxy.fault = () => 503;
    await expect(source.listParts()).rejects.toMatchObject({
      code: "WEIR_SOURCE_FAILED",
      message: expect.stringMatching(/listing .*: 503.*tried for/s),
    });
    await expect(readAll(await source.buildPart(`${prefix}/a`, undefined))).rejects.toMatchObject({
      code: "WEIR_SOURCE_FAILED",
      message: expect.stringMatching(/reading .*\/a at byte 0: 503.*tried for/s),
    });
    cloud.proxy.fault = () => 403;
    const began = performance.now();
    await expect(source.listParts()).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", message: expect.stringContaining("403") });
    expect(performance.now() - began).toBeLessThan(400);
  });

  test("answers that never come are given up after timeoutMs and asked for again", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a`, lines(10));
    let left = 1;
    cloud.proxy.fault = () => (left-- > 0 ? "hold" : undefined);
    const part = await sourceOf(cloud, url, { timeoutMs: 300 }).buildPart(`${prefix}/a`, undefined);
    expect(await readAll(part)).toEqual(numbers(10));
  });

  test("slow answers slow the flow down, and it is still right", async () => {
    const { url, prefix } = cloud.fresh();
    for (let i = 0; i < 5; i++) await cloud.put(`${prefix}/${i}`, lines(200, `${i}`));
    const seen: string[] = [];
    const flow = new Dataflow("slow");
    flow.input("in", sourceOf(cloud, url, { blockBytes: 400, concurrency: 2 })).output("out", testSink(seen));
    cloud.proxy.fault = () => ({ slowMs: 20 });
    await runMain(flow, { epochMs: 50, workers: 2 });
    expect(new Set(seen).size).toBe(1_000);
    expect(seen).toHaveLength(1_000);
  });

  test("a server that is killed and started again is waited for", async () => {
    const { url, prefix } = cloud.fresh();
    for (let i = 0; i < 4; i++) await cloud.put(`${prefix}/${i}`, lines(500, `${i}`));
    const seen: string[] = [];
    const flow = new Dataflow("restart");
    flow.input("in", sourceOf(cloud, url, { blockBytes: 300, concurrency: 1 })).output("out", testSink(seen));
    const running = runMain(flow, { epochMs: 20 });
    while (seen.length < 100) await sleep(1);
    await cloud.kill();
    await sleep(500);
    const before = seen.length;
    await cloud.start();
    await running;
    expect(before).toBeLessThan(2_000);
    expect(new Set(seen).size).toBe(2_000);
    expect(seen).toHaveLength(2_000);
  });

  test("a record that cannot be read stops the flow, naming the object, the line and the byte", async () => {
    const { url, prefix } = cloud.fresh();
    const good = '{"n":"é"}\n';
    const content = `${good.repeat(20)}{"n":\n${good}`;
    await cloud.put(`${prefix}/a.jsonl`, content);
    await cloud.put(`${prefix}/b.jsonl.gz`, gzipSync(content));
    for (const key of ["a.jsonl", "b.jsonl.gz"]) {
      const flow = new Dataflow("poison");
      flow.input("in", sourceOf(cloud, `${url}/${key}`, { format: "jsonl", blockBytes: 50 })).output("out", testSink<unknown>([]));
      await expect(runMain(flow)).rejects.toMatchObject({
        code: "WEIR_SOURCE_FAILED",
        step: "in",
        message: expect.stringMatching(new RegExp(`${key}" line 21 is not JSON: .* \\(at byte ${20 * Buffer.byteLength(good)}\\)`)),
      });
    }
  });

  test("with onError what it gives takes the place of a bad record", async () => {
    const { url, prefix } = cloud.fresh();
    await cloud.put(`${prefix}/a.csv`, 'a,b\n1,2\n3\n"x\n4,5\n');
    const bad: unknown[] = [];
    const source = sourceOf(cloud, url, {
      format: "csv",
      onError: (record) => (bad.push(record), record.line === 3 ? { bad: record.text } : undefined),
    });
    expect(await readAll(await source.buildPart(`${prefix}/a.csv`, undefined))).toEqual([{ a: "1", b: "2" }, { bad: "3" }]);
    expect(bad).toMatchObject([
      { object: `${url}/a.csv`, offset: 8, line: 3, text: "3", problem: expect.stringContaining("1 fields") },
      { offset: 10, line: 4, text: '"x\n4,5' },
    ]);
  });

  test("no more than two blocks of an object are fetched ahead of who reads, and no more than `concurrency` objects", async () => {
    const { url, prefix } = cloud.fresh();
    for (let i = 0; i < 6; i++) await cloud.put(`${prefix}/${i}`, lines(1_000, `${i}`));
    let reads = 0;
    cloud.proxy.fault = (method) => void (method === "GET" && reads++);
    const source = sourceOf(cloud, url, { blockBytes: 200, batchSize: 5, concurrency: 3 });
    const parts = await Promise.all(Array.from({ length: 6 }, (_, i) => source.buildPart(`${prefix}/${i}`, undefined)));
    const first = parts.map(async (part) => part.nextBatch());
    await sleep(400);
    expect(reads).toBe(3 * 2);
    for (const part of parts) await part.close?.();
    await Promise.allSettled(first);
  });

  test("the lag is what of all objects is not read, in bytes", async () => {
    const { url, prefix } = cloud.fresh();
    const bytes = Buffer.byteLength(lines(1_000));
    for (let i = 0; i < 3; i++) await cloud.put(`${prefix}/${i}`, lines(1_000));
    const source = sourceOf(cloud, url, { batchSize: 100 });
    const parts = await Promise.all([0, 1, 2].map((i) => source.buildPart(`${prefix}/${i}`, undefined)));
    const lag = async (): Promise<number> => (await Promise.all(parts.map((part) => part.lag!()))).reduce((a, b) => a + b, 0);
    expect(await lag()).toBe(3 * bytes);
    await parts[0]!.nextBatch();
    expect(await lag()).toBe(3 * bytes - Buffer.byteLength(lines(100)));
    for (const part of parts) await readAll(part);
    expect(await lag()).toBe(0);
  });

  test("a flow that dies goes on with each object where its snapshot was", async () => {
    const { url, prefix } = cloud.fresh();
    for (let i = 0; i < 3; i++)
      await cloud.put(`${prefix}/${i}.jsonl`, Array.from({ length: 400 }, (_, n) => `{"k":"${i}-${n}"}\n`).join(""));
    const directory = mkdtempSync(join(tmpdir(), "weir-objects-"));
    const trigger = testSource([new PAUSE(60), ABORT, new PAUSE(60), ABORT, new PAUSE(60)]);
    const build = (): Dataflow => {
      const flow = new Dataflow("dies");
      flow
        .input("in", sourceOf(cloud, url, { format: "jsonl", batchSize: 10, blockBytes: 300 }))
        .map("pair", ({ k }): [string, string] => [k, k])
        .asKeyed()
        .output("out", fileSink(join(directory, "out.txt")));
      flow.input("trigger", trigger).raises("never");
      return flow;
    };
    const { readFileSync } = await import("node:fs");
    const options = { epochMs: 5, recovery: { store: `file://${directory}/state`, snapshotMs: 10 } };
    cloud.proxy.fault = () => ({ slowMs: 2 });
    for (let run = 0; run < 3; run++) await runMain(build(), options);
    const rows = readFileSync(join(directory, "out.txt"), "utf8").trim().split("\n");
    expect(rows).toHaveLength(1_200);
    expect(new Set(rows).size).toBe(1_200);
  });
});
