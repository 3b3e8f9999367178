import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fileSink, fileSource, generatorSource, parquetSource, pollingSource, replay } from "../../runtime/connectors/index.ts";

const root = mkdtempSync(join(tmpdir(), "weir-wrapping-"));
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, "in.txt"), "a\nb\n");
const generator = generatorSource({ parts: 1, count: 2, make: String });

test.each([
  ["fileSource", fileSource(join(root, "in.txt"))],
  ["parquetSource", parquetSource("node_modules/vega-datasets/data/flights-3m.parquet", { columns: ["origin"] })],
  ["generatorSource", generator],
  ["replay", replay(generator, { ratePerSecond: 1 })],
  ["pollingSource", pollingSource<string, number>({ intervalMs: 1_000, getter: () => ["item", 1] })],
])("a part of %s keeps working when it is spread into a wrapper", async (_name, source) => {
  const [name] = [...(await source.listParts())];
  const inner = await source.buildPart(name!, undefined as never);
  const wrapper = { ...inner };
  expect(Object.keys(wrapper)).toEqual(expect.arrayContaining(["nextBatch", "snapshot"]));
  const before = JSON.stringify(wrapper.snapshot());
  const batch = await wrapper.nextBatch();
  expect([...batch!].length).toBeGreaterThan(0);
  expect(JSON.stringify(wrapper.snapshot())).not.toBe(before);
  await wrapper.lag?.();
  wrapper.nextAwake?.();
  await wrapper.close?.();
});

test("a part of fileSink does too", async () => {
  const inner = await fileSink(join(root, "out.txt")).buildPart("out.txt", undefined);
  const wrapper = { ...inner };
  await wrapper.writeBatch(["a"]);
  expect(await wrapper.snapshot()).toBe(2);
  await wrapper.close!();
});
