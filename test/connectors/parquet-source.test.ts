import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parquetSource } from "../../runtime/connectors/index.ts";
import { batchesOf } from "./reading.ts";
import { withoutBigints } from "../../runtime/connectors/parquet-rows.ts";

interface Flight {
  date: Date;
  delay: number;
  origin: string;
}
const flights = "node_modules/vega-datasets/data/flights-3m.parquet";
const groupRows = 272_727;
const root = mkdtempSync(join(tmpdir(), "weir-parquet-"));
afterAll(() => rmSync(root, { recursive: true }));
const failure = (message: RegExp) =>
  expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(message) as string });

test("a part per row group, which together hold all rows", async () => {
  const source = parquetSource(flights);
  const parts = [...(await source.listParts())];
  expect(parts).toEqual(Array.from({ length: 11 }, (_, group) => `${flights}#${group}`));
  let rows = 0;
  for (const name of parts) {
    const part = await source.buildPart(name, undefined);
    rows += (await part.lag!()) as number;
    await part.close!();
  }
  expect(rows).toBe(3_000_000);
});

test("rows are objects of the columns asked for, with numbers, Dates and strings", async () => {
  const part = await parquetSource<Flight>(flights, { columns: ["date", "delay", "origin"] }).buildPart(`${flights}#0`, undefined);
  const rows = (await batchesOf(part)).flat();
  await part.close!();
  expect(rows).toHaveLength(groupRows);
  expect(rows[0]).toEqual({ date: new Date("2001-01-01T00:01:00Z"), delay: 33, origin: "LAS" });
  const atlanta = rows.filter((row) => row.origin === "ATL" && row.date < new Date("2001-01-02T00:00:00Z"));
  expect([atlanta.length, atlanta.reduce((sum, row) => sum + row.delay, 0)]).toEqual([554, 20_522]);
});

test("all columns by default", async () => {
  const part = await parquetSource(flights).buildPart(`${flights}#3`, undefined);
  const [batch] = await batchesOf(part, 1);
  await part.close!();
  expect(Object.keys(batch![0]!)).toEqual(["date", "delay", "distance", "origin", "destination"]);
  expect(batch).toHaveLength(1_000);
});

test("resumes at a row, and lag is in rows", async () => {
  const source = parquetSource<Flight>(flights, { columns: ["origin", "delay"], batchSize: 100_000 });
  const name = `${flights}#10`;
  const whole = await source.buildPart(name, undefined);
  const [first, second, third] = await batchesOf(whole);
  expect([first!.length, second!.length, third!.length]).toEqual([100_000, 100_000, 72_730]);
  expect([whole.snapshot(), await whole.lag!()]).toEqual([272_730, 0]);
  const resumed = await source.buildPart(name, 100_000);
  expect(await resumed.lag!()).toBe(172_730);
  const [again] = await batchesOf(resumed, 1);
  expect(again).toEqual(second);
  expect(resumed.snapshot()).toBe(200_000);
  const ended = await source.buildPart(name, 272_730);
  expect(await ended.nextBatch()).toBeNull();
  for (const part of [whole, resumed, ended]) await part.close!();
});

test("what cannot be read is an error that says why", async () => {
  const text = join(root, "text.parquet");
  writeFileSync(text, "this is no Parquet file, though long enough to hold a footer");
  await expect(parquetSource(text).listParts()).rejects.toThrow(failure(/text\.parquet": it is not a Parquet file/));
  const tiny = join(root, "tiny.parquet");
  writeFileSync(tiny, "P");
  await expect(parquetSource(tiny).listParts()).rejects.toThrow(failure(/tiny\.parquet"/));
  await expect(parquetSource(join(root, "none.parquet")).listParts()).rejects.toThrow(failure(/ENOENT/));
  const source = parquetSource(flights, { columns: ["origin", "destiny"] });
  await expect(source.buildPart(`${flights}#0`, undefined)).rejects.toThrow(
    failure(/no column 'destiny'; it has date, delay, distance, origin, destination/),
  );
  await expect(parquetSource(flights).buildPart(`${flights}#11`, undefined)).rejects.toThrow(failure(/11 row groups/));
  await expect(parquetSource(flights).buildPart(`${flights}#0`, 300_000)).rejects.toThrow(
    failure(/at row 300000: it has only 272727/),
  );
});

test("a damaged page is an error with the part's name", async () => {
  const bytes = readFileSync(flights);
  bytes.fill(0x55, 1_000, 200_000);
  const path = join(root, "damaged.parquet");
  writeFileSync(path, bytes);
  const part = await parquetSource(path).buildPart(`${path}#0`, undefined);
  await expect(part.nextBatch()).rejects.toThrow(failure(/damaged\.parquet#0"/));
  await part.close!();
});

test("options that make no sense are refused", () => {
  const refused = expect.objectContaining({ code: "WEIR_FLOW_OPTION" });
  expect(() => parquetSource(flights, { batchSize: 0 })).toThrow(refused);
  expect(() => parquetSource(flights, { columns: [] })).toThrow(refused);
  expect(() => parquetSource(flights, { columns: "origin" as never })).toThrow(refused);
});

test("an integer that a number cannot hold is an error with row and column", () => {
  expect(withoutBigints([1n, 2n ** 53n - 1n, null], "a.parquet#0", "id")).toEqual([1, 2 ** 53 - 1, null]);
  expect(() => withoutBigints([1n, 2n ** 53n + 1n], "a.parquet#0", "id")).toThrow(
    failure(/"a\.parquet#0" row 1: column "id" has 9007199254740993/),
  );
});
