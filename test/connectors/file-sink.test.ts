import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { dirSink, fileSink } from "../../runtime/connectors/index.ts";
import { withoutPrivileges } from "./reading.ts";

const base = mkdtempSync(join(tmpdir(), "weir-sinks-"));
afterAll(() => rmSync(base, { recursive: true }));
let tests = 0;
let root: string;
beforeEach(() => {
  root = join(base, String(tests++));
  mkdirSync(root);
});
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string });

describe("one file", () => {
  const open = async (path: string, resume?: unknown) => {
    const sink = fileSink(path);
    const [name] = [...(await sink.listParts())];
    return sink.buildPart(name!, resume);
  };

  test("a newline after each value, visible at once", async () => {
    const path = join(root, "out.txt");
    const part = await open(path);
    await part.writeBatch(["a", "", "ü😀"]);
    expect(readFileSync(path, "utf8")).toBe("a\n\nü😀\n");
    await part.writeBatch([]);
    await part.writeBatch(["b"]);
    await part.close!();
    expect(readFileSync(path, "utf8")).toBe("a\n\nü😀\nb\n");
  });

  test("is there, empty, before anything is written", async () => {
    const path = join(root, "out.txt");
    await (
      await open(path)
    ).close!();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  test("a resume drops what was written after the snapshot, at every batch", async () => {
    const path = join(root, "out.txt");
    const batches = Array.from({ length: 6 }, (_, i) => [`${i} é`, "x".repeat(i)]);
    const part = await open(path);
    const positions = [await part.snapshot()];
    for (const batch of batches) {
      await part.writeBatch(batch);
      positions.push(await part.snapshot());
    }
    await part.close!();
    const whole = readFileSync(path, "utf8");
    for (const [i, position] of positions.entries()) {
      const resumed = await open(path, JSON.parse(JSON.stringify(position)));
      for (const batch of batches.slice(i)) await resumed.writeBatch(batch);
      await resumed.close!();
      expect(readFileSync(path, "utf8")).toBe(whole);
    }
  });

  test("a write torn by a crash is dropped too", async () => {
    const path = join(root, "out.txt");
    const part = await open(path);
    await part.writeBatch(["kept"]);
    const position = await part.snapshot();
    writeFileSync(path, "kept\ntor", "utf8");
    await part.close!();
    const resumed = await open(path, position);
    await resumed.writeBatch(["whole"]);
    await resumed.close!();
    expect(readFileSync(path, "utf8")).toBe("kept\nwhole\n");
  });

  test("without a snapshot the file starts empty", async () => {
    const path = join(root, "out.txt");
    writeFileSync(path, "old\n");
    const part = await open(path);
    await part.writeBatch(["new"]);
    await part.close!();
    expect(readFileSync(path, "utf8")).toBe("new\n");
  });

  test("a file with less in it than the snapshot says is an error and stays as it is", async () => {
    const path = join(root, "out.txt");
    const part = await open(path);
    await part.writeBatch(["abcdef"]);
    const position = await part.snapshot();
    await part.close!();
    truncateSync(path, 3);
    await expect(async () => open(path, position)).rejects.toThrow(failure("WEIR_SINK_STATE", /has 3 bytes.*7 were written/));
    expect(readFileSync(path, "utf8")).toBe("abc");
    rmSync(path);
    await expect(async () => open(path, position)).rejects.toThrow(failure("WEIR_SINK_STATE", /has 0 bytes/));
  });

  test("values that are no strings are an error", async () => {
    const part = await open(join(root, "out.txt"));
    expect(() => part.writeBatch([5 as never])).toThrow(failure("WEIR_SINK_FAILED", /must be strings, not 5/));
    await part.close!();
  });

  test("a place that cannot be written is an error that says why", async () => {
    await expect(async () => open(join(root, "no/such/out.txt"))).rejects.toThrow(
      failure("WEIR_SINK_FAILED", /no such file or directory \(ENOENT\)/),
    );
    await expect(async () => open(root)).rejects.toThrow(failure("WEIR_SINK_FAILED", /it is a directory/));
    writeFileSync(join(root, "file"), "");
    await expect(async () => open(join(root, "file/out.txt"))).rejects.toThrow(failure("WEIR_SINK_FAILED", /not a directory/));
    const path = join(root, "locked.txt");
    writeFileSync(path, "");
    for (const directory of [base, root]) chmodSync(directory, 0o755);
    chmodSync(path, 0o444);
    await withoutPrivileges(() => expect(async () => open(path)).rejects.toThrow(failure("WEIR_SINK_FAILED", /permission denied/)));
  });

  test("closing twice is harmless", async () => {
    const part = await open(join(root, "out.txt"));
    await part.close!();
    await part.close!();
  });

  test.each([[""], [undefined as unknown as string]])("the path %j is refused", (path) => {
    expect(() => fileSink(path)).toThrow(failure("WEIR_FLOW_OPTION", /path/));
  });
});

describe("a directory", () => {
  test("a file per part, in the order of the parts; the directory is made", async () => {
    const directory = join(root, "out");
    const sink = dirSink(directory, { parts: 12, suffix: ".jsonl" });
    const names = [...(await sink.listParts())];
    expect(names).toEqual(names.toSorted());
    for (const [i, name] of names.entries()) {
      const part = await sink.buildPart(name, undefined);
      await part.writeBatch([String(i)]);
      await part.close!();
    }
    expect(readdirSync(directory).toSorted()).toEqual(names);
    expect(names[11]).toBe("part-0011.jsonl");
    expect(readFileSync(join(directory, "part-0011.jsonl"), "utf8")).toBe("11\n");
  });

  test("each part resumes by itself", async () => {
    const sink = dirSink(join(root, "out"), { parts: 2 });
    const [one, two] = [...(await sink.listParts())] as [string, string];
    const parts = [await sink.buildPart(one, undefined), await sink.buildPart(two, undefined)];
    await parts[0]!.writeBatch(["a"]);
    const position = await parts[0]!.snapshot();
    await parts[0]!.writeBatch(["b"]);
    await parts[1]!.writeBatch(["c"]);
    for (const part of parts) await part.close!();
    await (
      await sink.buildPart(one, position)
    ).close!();
    await (
      await sink.buildPart(two, undefined)
    ).close!();
    expect([one, two].map((name) => readFileSync(join(root, "out", name), "utf8"))).toEqual(["a\n", ""]);
  });

  test("only the last directory of the path is made", () => {
    const sink = dirSink(join(root, "no/such/dir"), { parts: 1 });
    expect(() => sink.buildPart("part-0000", undefined)).toThrow(failure("WEIR_SINK_FAILED", /make directory.*ENOENT/));
    expect(existsSync(join(root, "no"))).toBe(false);
    writeFileSync(join(root, "file"), "");
    expect(() => dirSink(join(root, "file"), { parts: 1 }).buildPart("part-0000", undefined)).toThrow(
      failure("WEIR_SINK_FAILED", /not a directory/),
    );
  });

  test.each([[{ parts: 0 }], [{ parts: 1.5 }], [{ parts: 1, suffix: "/x" }], [{} as { parts: number }]])(
    "%j is refused",
    (options) => {
      expect(() => dirSink("out", options)).toThrow(failure("WEIR_FLOW_OPTION", /parts|suffix/));
    },
  );
});
