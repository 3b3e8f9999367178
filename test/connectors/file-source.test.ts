import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../../runtime/connectors/index.ts";
import { batchesOf, expectResumable, readPart, withoutPrivileges } from "./reading.ts";

const root = mkdtempSync(join(tmpdir(), "weir-files-"));
afterAll(() => rmSync(root, { recursive: true }));
let files = 0;
const file = (content: string | Uint8Array, name = `f${files++}.txt`): string => {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
};
const lines = (content: string | Uint8Array) => readPart(fileSource(file(content)));
const failure = (message: RegExp) =>
  expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(message) as string });

describe("lines", () => {
  test.each([
    ["", []],
    ["\n", [""]],
    ["a", ["a"]],
    ["a\n", ["a"]],
    ["a\nb", ["a", "b"]],
    ["a\n\nb\n", ["a", "", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\r\nb\nc\rd\n", ["a", "b", "c\rd"]],
    ["\r\n", [""]],
    ["\uFEFFa\nb\n", ["a", "b"]],
    ["\uFEFF", []],
    ["a\n\uFEFFb\n", ["a", "\uFEFFb"]],
  ])("%j is %j", async (content, expected) => {
    expect(await lines(content)).toEqual(expected);
  });

  test("characters of several bytes survive the edges of reads, whatever their offset", async () => {
    const line = "añ€😀".repeat(50);
    for (const shift of [0, 1, 2, 3]) {
      const content = `${"x".repeat(shift)}\n${`${line}\n`.repeat(700)}`;
      expect(Buffer.byteLength(content)).toBeGreaterThan(300_000);
      const read = await lines(content);
      expect(read).toHaveLength(701);
      expect(new Set(read.slice(1))).toEqual(new Set([line]));
    }
  });

  test("a line longer than any buffer is one line", async () => {
    const long = "0123456789".repeat(300_000);
    expect(await lines(`a\n${long}\nb`)).toEqual(["a", long, "b"]);
  });

  test("bytes that are no UTF-8 do not shift positions", async () => {
    const path = file(Uint8Array.from([0x61, 0xff, 0x0a, 0xc3, 0x0a, 0x62, 0x0a]));
    expect(await expectResumable(fileSource(path, { batchSize: 1 }), path)).toEqual(["a\uFFFD", "\uFFFD", "b"]);
  });

  test("a batch has at most batchSize lines, and resumes after any", async () => {
    const path = file(Array.from({ length: 25 }, (_, i) => `line ${i} ä`).join("\r\n"));
    const source = fileSource(path, { batchSize: 4 });
    const batches = await batchesOf(await source.buildPart(path, undefined));
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 4, 4, 4, 4, 1]);
    expect(await expectResumable(source, path)).toHaveLength(25);
  });

  test("positions, lag included, are those behind the last line of a batch, wherever it lies in what was read", async () => {
    const all = Array.from({ length: 9_000 }, (_, i) => `${"é".repeat(i % 40)}${i}\r\n`);
    const path = file(all.join(""));
    const size = Buffer.byteLength(all.join(""));
    const part = await fileSource(path, { batchSize: 700 }).buildPart(path, undefined);
    let line = 0;
    for (let batch = await part.nextBatch(); batch !== null; batch = await part.nextBatch()) {
      line += [...batch].length;
      const behind = Buffer.byteLength(all.slice(0, line).join(""));
      expect([part.snapshot(), await part.lag!()]).toEqual([[behind, line], size - behind]);
    }
    expect([part.snapshot(), await part.lag!()]).toEqual([[size, 9_000], 0]);
    await part.close?.();
  });

  test("any text is what it would be split at its line ends, resumed anywhere", async () => {
    const texts = fc
      .array(fc.constantFrom("a", "é", "😀", "\n", "\r\n", " ", "\r"), { maxLength: 60 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (text, batchSize) => {
        const path = file(text, "any.txt");
        const expected = text.split("\n").map((line) => line.replace(/\r$/, ""));
        if (text === "" || text.endsWith("\n")) expected.pop();
        expect(await expectResumable(fileSource(path, { batchSize }), path)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe("JSON lines", () => {
  const jsonl = (content: string) => {
    const path = file(content);
    return { path, source: fileSource(path, { encoding: "jsonl", batchSize: 2 }) };
  };
  test("values of any kind; blank lines are skipped; resumable", async () => {
    const { path, source } = jsonl('{"a":1}\n\n  \n[2]\r\n"drei"\nnull\n\n4');
    expect(await expectResumable(source, path)).toEqual([{ a: 1 }, [2], "drei", null, 4]);
  });
  test("a bad line is an error with file and line, after a resume too", async () => {
    const { path, source } = jsonl('{"a":1}\n\n{"a":2}\n{"a":3}\n{"a":\n');
    const part = await source.buildPart(path, undefined);
    await part.nextBatch();
    const position = part.snapshot();
    await part.nextBatch();
    expect(() => part.nextBatch()).toThrow(failure(/\.txt" line 5 is not JSON/));
    const resumed = await source.buildPart(path, position);
    await resumed.nextBatch();
    expect(() => resumed.nextBatch()).toThrow(failure(/line 5/));
  });
  test("a torn last line is an error, not a silent loss", async () => {
    const { source } = jsonl('{"a":1}\n{"a":');
    await expect(readPart(source)).rejects.toThrow(failure(/line 2 is not JSON/));
  });
});

describe("which files", () => {
  test("one part per file, sorted; directories are none", async () => {
    mkdirSync(join(root, "many/sub.txt"), { recursive: true });
    for (const name of ["b.txt", "a.txt", "c.log"]) file("x", `many/${name}`);
    expect(await fileSource(join(root, "many/*.txt")).listParts()).toEqual([join(root, "many/a.txt"), join(root, "many/b.txt")]);
    expect(await fileSource(join(root, "{many,none}/?.{txt,log}")).listParts()).toHaveLength(3);
    expect(await fileSource(join(root, "many/**/*.log")).listParts()).toEqual([join(root, "many/c.log")]);
  });
  test("files may appear later", async () => {
    mkdirSync(join(root, "later"));
    const source = fileSource(join(root, "later/*.txt"));
    expect(await source.listParts()).toEqual([]);
    file("x", "later/new.txt");
    expect(await source.listParts()).toEqual([join(root, "later/new.txt")]);
  });
  test("a relative glob gives relative names", async () => {
    expect(await fileSource("./package.json").listParts()).toEqual(["package.json"]);
    expect(await fileSource("pack*.json").listParts()).toEqual(["package-lock.json", "package.json"]);
  });
  test("a file whose name looks like a pattern is that file", async () => {
    const path = file("x", "odd[1].txt");
    expect(await fileSource(path).listParts()).toEqual([path]);
  });
  test("a path that is no file and a directory that does not exist are errors", () => {
    expect(() => fileSource(join(root, "nowhere.txt")).listParts()).toThrow(failure(/nowhere\.txt".*no such file.*ENOENT/));
    expect(() => fileSource(join(root, "nowhere/*.txt")).listParts()).toThrow(failure(/nowhere\/\*\.txt".*ENOENT/));
    expect(() => fileSource(root).listParts()).toThrow(failure(/it is a directory/));
  });
});

describe("a file that is not as it was", () => {
  test("shorter than the position: cut off or replaced", async () => {
    const path = file("a\nb\nc\n");
    const source = fileSource(path);
    const part = await source.buildPart(path, undefined);
    await part.nextBatch();
    truncateSync(path, 3);
    expect(() => source.buildPart(path, part.snapshot())).toThrow(failure(/at byte 6: the file has only 3 bytes/));
  });
  test("longer: the rest is read", async () => {
    const path = file("a\nb\n");
    const source = fileSource(path);
    const part = await source.buildPart(path, undefined);
    await batchesOf(part);
    appendFileSync(path, "c\n");
    expect((await batchesOf(await source.buildPart(path, part.snapshot()))).flat()).toEqual(["c"]);
  });
  test("unreadable: an error that says so", async () => {
    const path = file("a\n");
    chmodSync(root, 0o755);
    chmodSync(path, 0o000);
    await withoutPrivileges(() =>
      expect(() => fileSource(path).buildPart(path, undefined)).toThrow(failure(/permission denied \(EACCES\)/)),
    );
  });
});

test("lag is the bytes that are left", async () => {
  const path = file("0123456\n".repeat(10));
  const part = await fileSource(path, { batchSize: 3 }).buildPart(path, undefined);
  expect(part.lag!()).toBe(80);
  await part.nextBatch();
  expect(part.lag!()).toBe(56);
  appendFileSync(path, "x\n");
  expect(part.lag!()).toBe(58);
  await batchesOf(part);
  expect(part.lag!()).toBe(0);
});

test.each([
  ["", {}],
  [undefined as unknown as string, {}],
  ["x", { batchSize: 0 }],
  ["x", { batchSize: 1.5 }],
  ["x", { encoding: "xml" as never }],
  ["x", { encoding: "toString" as never }],
])("fileSource(%j, %j) is refused", (glob, options) => {
  expect(() => fileSource(glob, options)).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
});
