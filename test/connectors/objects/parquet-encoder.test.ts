import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { inferSchema, parquetEncoder, type ParquetSchema } from "../../../runtime/connectors/objects/parquet-encoder.ts";

async function encode(rows: readonly unknown[], schema?: ParquetSchema, rowGroupSize = 1_000): Promise<ArrayBuffer> {
  const encoder = parquetEncoder(schema, rowGroupSize);
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < rows.length; from += 7)
    chunks.push((await encoder.add(rows.slice(from, from + 7))) ?? new Uint8Array());
  chunks.push((await encoder.end()) ?? new Uint8Array());
  return new Uint8Array(Buffer.concat(chunks)).buffer;
}

test("pieces that were taken one after the other are one file, with a row group per rowGroupSize", async () => {
  const rows = Array.from({ length: 100 }, (_, n) => ({ n, text: `text ${n}` }));
  const file = await encode(rows, undefined, 30);
  expect(parquetMetadata(file).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([30, 30, 30, 10]);
  expect(await parquetReadObjects({ file })).toEqual(rows);
});

test("every type comes back, and so does what is missing or null", async () => {
  const full = {
    BOOLEAN: true,
    INT32: -(2 ** 31),
    INT64: -(2n ** 63n),
    FLOAT: 0.5,
    DOUBLE: 1e300,
    STRING: "é",
    TIMESTAMP: new Date(1_700_000_000_123),
    JSON: { a: [1, null] },
    BYTE_ARRAY: new Uint8Array([0, 255]),
  } as const;
  const schema = Object.fromEntries(Object.keys(full).map((type) => [type, type])) as ParquetSchema;
  const none = Object.fromEntries(Object.keys(full).map((type) => [type, null]));
  const file = await encode([full, {}, none], schema);
  expect(await parquetReadObjects({ file, utf8: false })).toEqual([full, none, none]);
});

test.each([
  ["INT32", 2 ** 31],
  ["INT32", 0.5],
  ["INT64", 2 ** 53],
  ["INT64", 2n ** 63n],
  ["INT64", "1"],
  ["BOOLEAN", 1],
  ["STRING", 1],
  ["TIMESTAMP", new Date(NaN)],
  ["TIMESTAMP", 1],
  ["DOUBLE", 1n],
  ["JSON", () => 1],
  ["BYTE_ARRAY", "x"],
] as const)("a %s column refuses %s, naming the column", async (type, value) => {
  await expect(encode([{ c: value }], { c: type })).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: expect.stringMatching(new RegExp(`into the ${type} column .c.`)),
  });
});

test("a field without a column is refused, by the schema or by the first row group", async () => {
  const wrong = { code: "WEIR_SINK_FAILED", message: expect.stringMatching(/no column .b., only a/) };
  await expect(encode([{ a: 1, b: 1 }], { a: "DOUBLE" })).rejects.toMatchObject(wrong);
  await expect(encode([{ a: 1 }, { a: 2, b: 1 }], undefined, 1)).rejects.toMatchObject(wrong);
  await expect(encode(["text"])).rejects.toMatchObject({
    code: "WEIR_SINK_FAILED",
    message: expect.stringContaining("rows are objects"),
  });
});

test("types are inferred from all rows of a group, and mixtures are refused", () => {
  expect(
    inferSchema([
      { a: null, b: 1 },
      { a: "x", c: undefined },
      { b: 0.5, d: new Date(0), e: {}, f: 1n, g: false },
    ]),
  ).toEqual({
    a: "STRING",
    b: "DOUBLE",
    c: "STRING",
    d: "TIMESTAMP",
    e: "JSON",
    f: "INT64",
    g: "BOOLEAN",
  });
  expect(() => inferSchema([{ a: 1 }, { a: "x" }])).toThrow(expect.objectContaining({ code: "WEIR_SINK_FAILED" }));
});
