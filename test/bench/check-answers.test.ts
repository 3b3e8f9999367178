import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { readArguments } from "../../bench/arguments.ts";
import { checkAnswers } from "../../bench/check-answers.ts";
import { expectAnswer, type Row } from "../../bench/row.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-bench-check-"));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

const row: Row = {
  name: "sum",
  work: "adding up",
  unit: "records/s",
  variants: {
    "that is right": () => ({ value: 5 }),
    "that is slow": () => ({ value: 1e-9 }),
    "that is wrong": () => {
      expectAnswer("sum", { total: 3 }, { total: 4 });
      return { value: 5 };
    },
    "that measures nothing": () => ({ value: Number.NaN }),
  },
  goals: [{ variant: "that is slow", of: "that is right" }],
  limit: "Arithmetic.",
};

test("a wrong answer is counted and named, slowness is not", async () => {
  const count = join(directory, "count.json");
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  vi.spyOn(console, "log").mockImplementation((text) => void lines.push(String(text)));
  expect(await checkAnswers(readArguments(["--check", "--count", count, "sum"], [row]))).toBe(2);
  expect(lines.join("")).toContain("right    sum, that is slow");
  expect(lines.join("")).toContain("WRONG    sum, that is wrong\n         sum: total is 3 and should be 4");
  expect(lines.at(-1)).toBe("2 answers right, 2 wrong, 0 skipped");
  expect(JSON.parse(readFileSync(count, "utf8"))).toMatchObject({ numPassedTests: 2, numFailedTests: 2, numPendingTests: 0 });
});
