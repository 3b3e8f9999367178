/** What docs/connectors/object-storage.md promises of the sink, against real servers; titles are its sentences. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Dataflow, generatorSource, objectSink, type ObjectSinkOptions, objectSource } from "../../../runtime/index.ts";
import { ABORT, PAUSE, runMain, testSink, testSource } from "../../../runtime/testing/index.ts";
import { type Cloud, forEachCloud } from "./clouds.ts";

const signal = new AbortController().signal;
const sinkOf = (cloud: Cloud, url: string, more: Partial<ObjectSinkOptions<any>> = {}) =>
  objectSink<any>({ url, format: "jsonl", ...cloud.options, ...more });
const context = (execution: number, step = "out") => ({ flow: "test", step, execution });
const store = (): string => `file://${mkdtempSync(join(tmpdir(), "weir-objects-"))}`;

async function rowsOf(cloud: Cloud, prefix: string): Promise<any[]> {
  const rows: any[] = [];
  for (const bytes of (await cloud.read(prefix)).values()) {
    const text = bytes.toString();
    expect(text.endsWith("\n")).toBe(true);
    for (const line of text.trimEnd().split("\n")) rows.push(JSON.parse(line));
  }
  return rows;
}

await forEachCloud((cloud) => {
  test("keys are <prefix>/<step>/<execution>-<number>-<worker>, below paths of one's own where partitionBy says so", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { partitionBy: (row) => `c=${row.c}/d=${row.d}` });
    const part = await sink.build(2, 3, context(7, "a/b c"));
    await part.writeBatch([
      { c: "x", d: 1 },
      { c: "y", d: 2 },
      { c: "x", d: 1 },
    ]);
    await sink.commit((await part.prepare(1))!);
    const plain = await sinkOf(cloud, url).build(0, 1, context(7));
    await plain.writeBatch([1, "two", null]);
    await sink.commit((await plain.prepare(1))!);
    expect([...(await cloud.read(prefix))].map(([key, bytes]) => [key.slice(prefix.length), bytes.toString()])).toEqual([
      ["/a%2Fb%20c/c=x/d=1/0000000007-000000-0002.jsonl", '{"c":"x","d":1}\n{"c":"x","d":1}\n'],
      ["/a%2Fb%20c/c=y/d=2/0000000007-000001-0002.jsonl", '{"c":"y","d":2}\n'],
      ["/out/0000000007-000000-0000.jsonl", '1\n"two"\nnull\n'],
    ]);
  });

  test("readers see nothing of an object before its snapshot is committed, and all of it after", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { partBytes: 5 * 2 ** 20 });
    const part = await sink.build(0, 1, context(1));
    const text = "x".repeat(1_000);
    for (let i = 0; i < 12; i++) await part.writeBatch(Array.from({ length: 1_000 }, (_, n) => ({ i, n, text })));
    expect((await cloud.read(prefix)).size).toBe(0);
    const prepared = await part.prepare(1);
    expect((prepared as { parts: string[] }[])[0]!.parts.length).toBeGreaterThan(1);
    expect((await cloud.read(prefix)).size).toBe(0);
    await sink.commit(structuredClone(prepared)!);
    expect(await rowsOf(cloud, prefix)).toHaveLength(12_000);
  });

  test("a commit that is asked for again, in whatever process, does nothing", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url);
    const part = await sink.build(0, 1, context(1));
    await part.writeBatch([1]);
    const prepared = JSON.parse(JSON.stringify(await part.prepare(1))) as unknown;
    for (let i = 0; i < 3; i++) await sinkOf(cloud, url).commit(prepared);
    expect(await rowsOf(cloud, prefix)).toEqual([1]);
  });

  test.each(["cut", "cut-before", 500, 503] as const)("a completion that meets %s took place once", async (fault) => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url);
    const part = await sink.build(0, 1, context(1));
    await part.writeBatch([1, 2]);
    const prepared = await part.prepare(1);
    let left = 2;
    cloud.proxy.fault = () => (left-- > 0 ? fault : undefined);
    await sink.commit(prepared!);
    expect(await rowsOf(cloud, prefix)).toEqual([1, 2]);
  });

  test("a connection that is cut in the middle of a part is made again, and the object is whole", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { partBytes: 5 * 2 ** 20 });
    const part = await sink.build(0, 1, context(1));
    let uploads = 0;
    cloud.proxy.fault = (method) => (method === "PUT" && ++uploads % 2 === 1 ? { cutUploadAt: 2_000_000 } : undefined);
    const rows = Array.from({ length: 12_000 }, (_, n) => ({ n, text: "y".repeat(1_000) }));
    await part.writeBatch(rows.slice(0, 6_000));
    await part.writeBatch(rows.slice(6_000));
    await sink.commit((await part.prepare(1))!);
    expect(uploads).toBeGreaterThan(3);
    expect(await rowsOf(cloud, prefix)).toEqual(rows);
  });

  test("what is prepared and named by no snapshot is aborted, and never appears", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url);
    const part = await sink.build(0, 1, context(1));
    await part.writeBatch([1]);
    const prepared = await part.prepare(1);
    await part.writeBatch([2]);
    await sink.abort(prepared!);
    await sink.abort(prepared!);
    await part.close?.();
    expect((await cloud.read(prefix)).size).toBe(0);
    expect(await cloud.bucket.uploads(prefix, signal)).toEqual([]);
  });

  test("uploads that a dead execution left are aborted when the next one starts, and no others", async () => {
    const { url, prefix } = cloud.fresh();
    const dead = await sinkOf(cloud, url).build(1, 2, context(3));
    await dead.writeBatch([1]);
    await dead.prepare(1);
    const other = await sinkOf(cloud, url).build(1, 2, context(3, "other"));
    await other.writeBatch([1]);
    await other.prepare(1);
    const sink = sinkOf(cloud, url);
    const beside = await sink.build(1, 2, context(4));
    await beside.writeBatch([2]);
    const prepared = await beside.prepare(2);
    await sink.build(0, 2, context(4));
    const left = (await cloud.bucket.uploads(prefix, signal)).map(({ key }) => key.slice(prefix.length)).toSorted();
    // The container of Azure does not tell: there the service forgets them by itself.
    if (cloud.name === "S3") expect(left).toEqual(["/other/0000000003-000000-0001.jsonl", "/out/0000000004-000000-0001.jsonl"]);
    await sink.commit(prepared!);
    expect(await rowsOf(cloud, prefix)).toEqual([2]);
  });

  test("a flow whose store is new is refused on a prefix that holds objects of an earlier life", async () => {
    const { url, prefix } = cloud.fresh();
    const run = (recovery: string): Promise<void> => {
      const flow = new Dataflow("again");
      flow.input("n", generatorSource({ parts: 1, count: 3, make: (n) => n })).output("out", sinkOf(cloud, url));
      return runMain(flow, { recovery: { store: recovery } });
    };
    const first = store();
    await run(first);
    await run(first);
    await expect(run(store())).rejects.toMatchObject({
      code: "WEIR_SINK_STATE",
      step: "out",
      message: expect.stringContaining("Use another prefix, or remove"),
    });
    expect(await rowsOf(cloud, prefix)).toEqual([0, 1, 2]);
  });

  test("an object is never written over: whoever comes second is told", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { partitionBy: () => "p" });
    const prepared: unknown[] = [];
    for (const value of [1, 2]) {
      const part = await sink.build(0, 1, context(1));
      await part.writeBatch([value]);
      prepared.push(await part.prepare(1));
    }
    await sink.commit(prepared[0]);
    await expect(sink.commit(prepared[1])).rejects.toMatchObject({ code: "WEIR_SINK_STATE" });
    expect(await rowsOf(cloud, prefix)).toEqual([1]);
  });

  test("an upload that was aborted behind the flow's back is an error, unless ifLost accepts it", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url);
    const part = await sink.build(0, 1, context(1));
    await part.writeBatch([1]);
    const prepared = (await part.prepare(1))!;
    await sink.commit(prepared);
    const [key] = (await cloud.read(prefix)).keys();
    await cloud.remove(key!);
    await expect(sinkOf(cloud, url).commit(prepared)).rejects.toMatchObject({
      code: "WEIR_SINK_LOST",
      message: expect.stringContaining("ifLost"),
    });
    await sinkOf(cloud, url, { ifLost: "continue" }).commit(prepared);
  });

  test("a service that stays away for longer than the patience ends the execution, and the flow goes on from its snapshot", async () => {
    const { url, prefix } = cloud.fresh();
    const flow = new Dataflow("away");
    flow
      .input("n", generatorSource({ parts: 1, count: 600, ratePerSecond: 1_000, make: (n) => n }))
      .output("out", sinkOf(cloud, url, { patienceMs: 150 }));
    let uploads = 0;
    cloud.proxy.fault = (method) => (method === "PUT" && ++uploads > 3 && uploads < 12 ? 503 : undefined);
    await runMain(flow, { epochMs: 10, recovery: { store: store(), snapshotMs: 50 } });
    const rows = await rowsOf(cloud, prefix);
    expect(uploads).toBeGreaterThan(11);
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, n) => n));
    expect(await cloud.bucket.uploads(prefix, signal)).toEqual([]);
  });

  test("a server that is killed and started again is waited for, and each row is there once", async () => {
    const { url, prefix } = cloud.fresh();
    const flow = new Dataflow("restart");
    flow
      .input("n", generatorSource({ parts: 2, count: 800, ratePerSecond: 1_000, make: (n, part) => `${part}-${n}` }))
      .redistribute("spread")
      .output("out", sinkOf(cloud, url));
    const running = runMain(flow, { epochMs: 10, workers: 2, recovery: { store: store(), snapshotMs: 50 } });
    await sleep(400);
    await cloud.kill();
    await sleep(400);
    await cloud.start();
    await running;
    const rows = await rowsOf(cloud, prefix);
    expect(rows).toHaveLength(1_600);
    expect(new Set(rows).size).toBe(1_600);
  });

  test("slow answers slow the flow down: what it holds in memory stays bounded", async () => {
    const { url, prefix } = cloud.fresh();
    cloud.proxy.fault = (method) => (method === "PUT" ? { slowMs: 150 } : undefined);
    const sink = sinkOf(cloud, url, { partBytes: 5 * 2 ** 20 });
    const part = await sink.build(0, 1, context(1));
    const batch = Array.from({ length: 5_500 }, (_, n) => ({ n, text: "z".repeat(1_000) }));
    const began = performance.now();
    for (let i = 0; i < 6; i++) await part.writeBatch(batch);
    // Six parts, two under way at a time: the last may wait, the others had to be sent.
    expect(performance.now() - began).toBeGreaterThan(300);
    await sink.commit((await part.prepare(1))!);
    expect(await rowsOf(cloud, prefix)).toHaveLength(33_000);
  });

  test("many paths share bufferBytes: the object that holds most is ended early", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { partitionBy: (row) => `p=${row.p}`, bufferBytes: 10_000 });
    const part = await sink.build(0, 1, context(1));
    for (let i = 0; i < 50; i++)
      await part.writeBatch(Array.from({ length: 20 }, (_, n) => ({ p: n % 5, i, n, text: "some text" })));
    await sink.commit((await part.prepare(1))!);
    const objects = await cloud.read(prefix);
    expect(objects.size).toBeGreaterThan(5);
    for (const bytes of objects.values()) expect(bytes.length).toBeLessThan(12_000);
    const rows = await rowsOf(cloud, prefix);
    expect(new Set(rows.map(({ i, n }) => `${i}-${n}`)).size).toBe(1_000);
    expect(rows).toHaveLength(1_000);
  });

  test("an object that has become maxObjectBytes long is ended, and another begun", async () => {
    const { url, prefix } = cloud.fresh();
    const sink = sinkOf(cloud, url, { maxObjectBytes: 1_000 });
    const part = await sink.build(0, 1, context(1));
    for (let i = 0; i < 20; i++) await part.writeBatch(Array.from({ length: 10 }, (_, n) => i * 10 + n));
    await sink.commit((await part.prepare(1))!);
    expect((await cloud.read(prefix)).size).toBeLessThan(5);
    expect(await rowsOf(cloud, prefix)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test("a Parquet object has a row group per rowGroupSize rows, the schema's columns, and is read by objectSource", async () => {
    const { url } = cloud.fresh();
    const schema = {
      id: "INT64",
      big: "INT64",
      name: "STRING",
      at: "TIMESTAMP",
      ok: "BOOLEAN",
      more: "JSON",
      x: "DOUBLE",
    } as const;
    const make = (id: number) => ({
      id,
      big: 2n ** 40n,
      ...(id % 3 === 0 ? {} : { name: `n ${id}` }),
      at: new Date(1_700_000_000_000 + id),
      ok: id % 2 === 0,
      more: { list: [id] },
      x: id / 4,
    });
    const flow = new Dataflow("parquet");
    flow
      .input("n", generatorSource({ parts: 1, count: 1_000, make }))
      .output("out", sinkOf(cloud, url, { format: "parquet", schema, rowGroupSize: 150 }));
    await runMain(flow, { epochMs: 10_000, recovery: { store: store() } });
    const seen: any[] = [];
    const back = new Dataflow("back");
    back.input("in", objectSource({ url, format: "parquet", ...cloud.options })).output("out", testSink(seen));
    await runMain(back);
    const expected = Array.from({ length: 1_000 }, (_, id) => ({
      ...make(id),
      big: 2 ** 40,
      name: id % 3 === 0 ? null : `n ${id}`,
    }));
    expect(seen.toSorted((a, b) => a.id - b.id)).toEqual(expected);
  });

  test("a flow that dies between two snapshots leaves nothing that readers see", async () => {
    const { url, prefix } = cloud.fresh();
    const recovery = { store: store(), snapshotMs: 40 };
    const trigger = testSource([new PAUSE(120), ABORT, new PAUSE(120), ABORT, new PAUSE(10)]);
    const build = (): Dataflow => {
      const flow = new Dataflow("dies");
      flow
        .input("n", generatorSource({ parts: 2, count: 300, ratePerSecond: 1_000, make: (n, part) => `${part}-${n}` }))
        .output("out", sinkOf(cloud, url));
      flow.input("trigger", trigger).raises("never");
      return flow;
    };
    for (let run = 0; run < 3; run++) await runMain(build(), { epochMs: 10, recovery });
    const rows = await rowsOf(cloud, prefix);
    expect(rows).toHaveLength(600);
    expect(new Set(rows).size).toBe(600);
  });
});
