import { describe, expect, test } from "vitest";
import { scalingPicture } from "../../../bench/scaling/picture.ts";
import { amount, type Scaled, scalingMarkdown, scalingTable, verdicts } from "../../../bench/scaling/report.ts";
import { growthOf, type Point, plain, type Table } from "../../../bench/scaling/table.ts";
import { tables } from "../../../bench/scaling/tables.ts";

const sizes = [1, 10, 100, 1_000];
const power = (exponent: number): Point[] => sizes.map((size) => [size, 5 * size ** exponent]);

describe("growth", () => {
  test.each([0, 0.15, 1, 2])("the exponent of n^%d is found", (exponent) => {
    expect(growthOf(power(exponent), 0)!.exponent).toBeCloseTo(exponent, 6);
  });
  test("near-linear is level for one thing, and n for all", () => {
    expect([0, 0.1, 0.3, 1].map((exponent) => growthOf(power(exponent), 0)!.nearLinear)).toEqual([true, true, false, false]);
    expect([0, 1, 1.1, 1.3, 2].map((exponent) => growthOf(power(exponent), 1)!.nearLinear)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
  test("where it is steepest is named", () => {
    expect(
      growthOf(
        [
          [1, 5],
          [10, 5],
          [100, 500],
          [1_000, 600],
        ],
        0,
      )!.steepest,
    ).toMatchObject({ from: 10, to: 100, exponent: expect.closeTo(2, 6) });
  });
  test("one size has no growth", () => expect(growthOf([[1, 5]], 0)).toBeUndefined());
});

const table: Table = {
  name: "things",
  work: "things are done",
  sizes: { full: sizes, brief: sizes, tiny: sizes },
  costs: [
    { name: "per thing", unit: "ns", linear: 0, otherwise: "things get in each other's way" },
    { name: "all of them", unit: "ms", linear: 1, otherwise: "they queue" },
  ],
  show: plain,
  measure: async () => [1, 1],
};
const scaled: Scaled = {
  table,
  rows: sizes.map((size, i) => ({ size, costs: [size ** 0.5, i === 0 ? undefined : size * 12] })),
};

describe("reports of growth", () => {
  test("a table ends with the exponent of each column, and says what is not linear and why", () => {
    expect(scalingTable(scaled).split("\n").at(-1)).toMatch(/^grows as +n\^0\.50 ✗ +n\^1\.00 ✓$/);
    expect(verdicts(scaled)).toEqual([
      expect.stringContaining("per thing: **not linear** (n^0.50 for each; steepest"),
      expect.stringContaining("all of them: near-linear (n^1.00;"),
    ]);
    expect(verdicts(scaled)[0]).toContain("things get in each other's way");
  });
  test("what could not be measured is a dash", () => {
    expect(scalingMarkdown(scaled).split("\n")[2]).toBe("| 1 | 1.00 ns | – |");
  });
  test("amounts have three digits at most", () => {
    expect([0.0123, 1.234, 12.34, 123.4, 12_345].map((value) => amount(value, "ms"))).toEqual([
      "0.012 ms",
      "1.23 ms",
      "12.3 ms",
      "123 ms",
      "12,345 ms",
    ]);
  });
  test("the picture has a line for each column", () => {
    expect(scalingPicture([scaled]).match(/<polyline /g)).toHaveLength(2);
    expect(scalingPicture([scaled])).not.toContain("NaN");
  });
});

describe.concurrent("tables", () => {
  test.each(tables.map((one) => [one.name, one] as const))(
    "%s are measured and their answers checked at the smallest",
    async (_, one) => {
      const { mkdtempSync, rmSync } = await import("node:fs");
      const scratch = mkdtempSync("/tmp/weir-scaling-test-");
      globalThis.gc ??= (() => undefined) as never;
      try {
        const costs = await one.measure(one.sizes.tiny[0]!, "tiny", scratch);
        expect(costs).toHaveLength(one.costs.length);
        // What is this small may take less than the clock can tell.
        for (const cost of costs) expect(cost ?? 0).toBeGreaterThanOrEqual(0);
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
  );
});
