import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { rows } from "../../bench/rows/index.ts";

const cache = mkdtempSync(join(tmpdir(), "weir-bench-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

// In processes of their own, as benchmarks run; the answers are checked where they are made, and a wrong one ends the process.
const groups = [
  ["wordcount", "chain", "keyed-1k", "keyed-1m", "window"],
  ["nexmark-q3", "nexmark-q5", "nexmark-q8"],
  ["exchange-1k", "exchange-100k", "barrier"],
  ["latency", "resume", "rescale"],
  ["recovery", "memory", "idle", "bounded"],
];

test.concurrent.each(groups.map((group) => [group.join(", "), group] as const))(
  "%s give the right answers at their smallest",
  async (_names, group) => {
    const { stdout } = await promisify(execFile)("node", ["bench/main.ts", "--check", ...group], {
      env: { ...process.env, WEIR_BENCH_CACHE: cache },
    });
    const expected = group.flatMap((name) =>
      Object.keys(rows.find((row) => row.name === name)!.variants).map((variant) => `right    ${name}, ${variant}`),
    );
    expect(stdout.trim().split("\n")).toEqual([...expected, `${expected.length} answers right, 0 wrong, 0 skipped`]);
  },
  120_000,
);

test("every row is in one of the groups", () => {
  expect(groups.flat().toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
});
