import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { fileSource } from "../../runtime/connectors/index.ts";
import { expectResumable, readPart } from "./reading.ts";

const root = mkdtempSync(join(tmpdir(), "weir-csv-"));
afterAll(() => rmSync(root, { recursive: true }));
const csv = (content: string, batchSize = 2) => {
  const path = join(root, "data.csv");
  writeFileSync(path, content);
  return fileSource(path, { encoding: "csv", batchSize });
};
const failure = (message: RegExp) =>
  expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(message) as string });

test.each([
  [
    "plain rows",
    "a,b\n1,2\n3,4\n",
    [
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ],
  ],
  ["no end of the last line", "a,b\n1,2", [{ a: "1", b: "2" }]],
  ["the header only", "a,b\n", []],
  ["nothing at all", "", []],
  ["CRLF and a byte order mark", "\uFEFFa,b\r\n1,2\r\n", [{ a: "1", b: "2" }]],
  [
    "empty fields",
    "a,b,c\n,,\n1,,3\n",
    [
      { a: "", b: "", c: "" },
      { a: "1", b: "", c: "3" },
    ],
  ],
  ["one column, blank lines skipped", "a\n1\n\n2\n", [{ a: "1" }, { a: "2" }]],
  [
    "quotes",
    'a,"b, too"\n"x, y","say ""hi"""\n"",""\n',
    [
      { a: "x, y", "b, too": 'say "hi"' },
      { a: "", "b, too": "" },
    ],
  ],
  [
    "line ends in quotes",
    'a,b\n"1\n2",3\n"4\r\n5","6"\r\n',
    [
      { a: "1\n2", b: "3" },
      { a: "4\r\n5", b: "6" },
    ],
  ],
  [
    "a quote inside of a field that is not quoted",
    'a,b\n5" pipe,2\n3,4""\n5,6\n',
    [
      { a: '5" pipe', b: "2" },
      { a: "3", b: '4""' },
      { a: "5", b: "6" },
    ],
  ],
])("%s", async (_name, content, expected) => {
  expect(await readPart(csv(content))).toEqual(expected);
});

test.each([
  ["too few fields", "a,b\n1,2\n3\n", /data\.csv" line 3 has 1 fields, and the header has 2: a, b/],
  ["too many fields", "a,b\n1,2,3\n", /line 2 has 3 fields/],
  ["a quoted field that does not end", 'a,b\n1,2\n"3,4\n5,6\n', /line 3 has a quoted field that does not end/],
  ["text behind a quoted field", 'a,b\n"1"x,2\n', /line 2 has "x" behind the closing quote/],
  ["a column named twice", "a,b,a\n", /line 1 names the column "a" twice/],
  ["lines count inside of quotes too", 'a,b\n"1\n2\n",3\n4\n', /line 5 has 1 fields/],
])("%s is an error with file and line", async (_name, content, message) => {
  await expect(readPart(csv(content, 1))).rejects.toThrow(failure(message));
});

test("any table survives being written and read, resumed at any batch", async () => {
  const field = fc.array(fc.constantFrom("a", "ö", ",", '"', "\n", "\r\n", " "), { maxLength: 5 }).map((parts) => parts.join(""));
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((columns) =>
      fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 12 }).map((rows) => ({ columns, rows })),
    );
  const written = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom("\n", "\r\n"),
      fc.integer({ min: 1, max: 4 }),
      async ({ columns, rows }, end, batchSize) => {
        const names = Array.from({ length: columns }, (_, i) => `c${i}`);
        const source = csv([names, ...rows].map((row) => row.map(written).join(",") + end).join(""), batchSize);
        const objects = rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i]!, value])));
        expect(await expectResumable(source, join(root, "data.csv"))).toEqual(objects);
      },
    ),
    { numRuns: 150 },
  );
});
