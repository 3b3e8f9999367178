import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFilesAtomically, type FileContent } from "../../../sandbox/kubelet/atomic-files.ts";

const files = (texts: Record<string, string>): Map<string, FileContent> =>
  new Map(Object.entries(texts).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));

describe("writing a volume's files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "atomic-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const visible = (): string[] => readdirSync(folder).filter((name) => !name.startsWith(".."));

  it("exchanges all of them at once, behind links that stay", () => {
    expect(writeFilesAtomically(folder, files({ a: "1", "deep/b": "1" }))).toBe(true);
    expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o640);
    const before = readlinkSync(join(folder, "..data"));
    expect(writeFilesAtomically(folder, files({ a: "2", c: "2" }))).toBe(true);
    expect(visible().sort()).toEqual(["a", "c"]);
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("2");
    expect(readlinkSync(join(folder, "a"))).toBe(join("..data", "a"));
    expect(readdirSync(folder)).not.toContain(before);
  });

  it("touches nothing when nothing changed", () => {
    writeFilesAtomically(folder, files({ a: "1" }));
    const before = readlinkSync(join(folder, "..data"));
    expect(writeFilesAtomically(folder, files({ a: "1" }))).toBe(false);
    expect(readlinkSync(join(folder, "..data"))).toBe(before);
  });

  it.each(["../x", "/x", "a/../../x", "a//b"])("refuses a file named %s", (path) => {
    expect(() => writeFilesAtomically(folder, files({ [path]: "x" }))).toThrow("may not have a file named");
    expect(visible()).toEqual([]);
  });
});
