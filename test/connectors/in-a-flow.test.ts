import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dirSink, fileSink, fileSource, generatorSource, pollingSource, replay } from "../../runtime/connectors/index.ts";
import { Dataflow } from "../../runtime/flow/index.ts";
import type { PartitionedSource } from "../../runtime/flow/source.ts";
import { runMain, testSink } from "../../runtime/testing/index.ts";

const root = mkdtempSync(join(tmpdir(), "weir-connected-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Fails when `boom` reaches zero; each record that passes counts down. */
function throughFailures(name: string, source: PartitionedSource<any, any>, textOf: (record: any) => string) {
  const directory = join(root, name);
  mkdirSync(directory);
  const out = join(directory, "out");
  const store = `file://${join(directory, "store")}`;
  let boom = Infinity;
  const flow = () => {
    const flow = new Dataflow(name);
    flow
      .input("in", source)
      .map("maybe", (record) => {
        if (boom-- === 0) throw new Error("boom");
        return textOf(record);
      })
      .keyBy("by text", (text: string) => text)
      .statefulMap("seen", (seen: number | undefined, text) => [(seen ?? 0) + 1, `${text} ${(seen ?? 0) + 1}`])
      .output("out", dirSink(out, { parts: 3 }));
    return flow;
  };
  return {
    run: (failAfter: number) => {
      boom = failAfter;
      return runMain(flow(), { workers: 2, epochMs: 0, recovery: { store, snapshotMs: 0, partitions: 8 } });
    },
    written: () =>
      readdirSync(out)
        .flatMap((file) => readFileSync(join(out, file), "utf8").split("\n").filter(Boolean))
        .toSorted(),
  };
}

test("files into files, exactly once through failures", async () => {
  for (const part of [0, 1, 2])
    writeFileSync(
      join(root, `in-${part}.jsonl`),
      Array.from({ length: 40 }, (_, i) => JSON.stringify({ n: (i * 7 + part) % 50 }) + "\n").join(""),
    );
  const job = throughFailures(
    "files",
    fileSource(join(root, "in-*.jsonl"), { encoding: "jsonl", batchSize: 3 }),
    (record: { n: number }) => `n${record.n}`,
  );
  let failures = 0;
  for (;;) {
    try {
      await job.run(25);
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: "WEIR_STEP_FAILED", step: "maybe" });
      expect(++failures).toBeLessThan(20);
    }
  }
  expect(failures).toBeGreaterThan(1);
  const expected: string[] = [];
  const seen = new Map<string, number>();
  for (let part = 0; part < 3; part++) {
    for (let i = 0; i < 40; i++) {
      const text = `n${(i * 7 + part) % 50}`;
      seen.set(text, (seen.get(text) ?? 0) + 1);
      expected.push(`${text} ${seen.get(text)}`);
    }
  }
  expect(job.written()).toEqual(expected.toSorted());
});

test("a replayed generator, exactly once through a failure", async () => {
  const job = throughFailures(
    "replayed",
    replay(generatorSource({ parts: 2, count: 60, batchSize: 7, make: (index, part) => `${part}-${index}` }), {
      ratePerSecond: 2_000,
    }),
    String,
  );
  await expect(job.run(50)).rejects.toMatchObject({ step: "maybe" });
  await job.run(Infinity);
  const expected = [0, 1].flatMap((part) => Array.from({ length: 60 }, (_, index) => `${part}-${index} 1`));
  expect(job.written()).toEqual(expected.toSorted());
});

test("polling keeps to the run's clock", async () => {
  let now = 1_000;
  const asked: number[] = [];
  const out: string[] = [];
  const flow = new Dataflow("polling");
  const source = pollingSource<string, number>({
    intervalMs: 100,
    getter: (state = 0) => {
      asked.push(now);
      if (state === 3) throw new Error("enough");
      return [`item ${state}`, state + 1];
    },
  });
  flow.input("in", source).output("out", testSink(out));
  const clock = setInterval(() => (now += 50), 5);
  await expect(runMain(flow, { now: () => now })).rejects.toMatchObject({ step: "in", code: "WEIR_SOURCE_FAILED" });
  clearInterval(clock);
  expect(out).toEqual(["item 0", "item 1", "item 2"]);
  expect(asked).toHaveLength(4);
  // Never early; how late is up to the machine.
  for (const [i, time] of asked.entries()) expect(time).toBeGreaterThanOrEqual(asked[0]! + i * 100);
});

test("errors of sources and sinks keep their code and gain the step", async () => {
  const nowhere = new Dataflow("nowhere");
  nowhere.input("in", fileSource(join(root, "nowhere.txt"))).output("out", testSink<string>([]));
  await expect(runMain(nowhere)).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in" });

  const torn = join(root, "torn.jsonl");
  writeFileSync(torn, '{"a":1}\n{"a"');
  const broken = new Dataflow("broken");
  broken.input("in", fileSource(torn, { encoding: "jsonl" })).output("out", testSink<unknown>([]));
  await expect(runMain(broken)).rejects.toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    step: "in",
    message: expect.stringMatching(/Step "in".*torn\.jsonl" line 2/) as string,
  });

  const locked = new Dataflow("locked");
  locked
    .input("in", generatorSource({ parts: 1, count: 1, make: String }))
    .keyBy("key", (text) => text)
    .output("out", fileSink(join(root, "no/such/file")));
  await expect(runMain(locked)).rejects.toMatchObject({ code: "WEIR_SINK_FAILED", step: "out" });
});
