import { describe, expect, test } from "vitest";
import { replacePart } from "../../bench/report/write.ts";
import { picture } from "../../bench/report/picture.ts";
import { markdownTable, terminalTable } from "../../bench/report/table.ts";
import { figure, judge, median, ratio, type RowResult, times as timesAsGood } from "../../bench/results.ts";
import { expectAnswer, type Row } from "../../bench/row.ts";

const row: Row = {
  name: "sum",
  work: "adding up",
  unit: "records/s",
  variants: { loop: () => ({ value: 1 }), "1 worker": () => ({ value: 1 }) },
  goals: [
    { variant: "1 worker", of: "loop", atLeast: 0.5 },
    { variant: "1 worker", of: "timely, 1 worker" },
    { variant: "1 worker", of: "flink, 1 worker", atLeast: 2 },
  ],
  limit: "Arithmetic.",
};
const values = (...numbers: number[]) => numbers.map((value) => ({ value }));
const result: RowResult = {
  row,
  contestants: [
    { name: "loop", measurements: values(9e6, 10e6, 30e6) },
    { name: "1 worker", measurements: values(4e6, 6e6, 5e6) },
    { name: "timely, 1 worker", measurements: values(8e6) },
    { name: "flink, 1 worker", measurements: [], missing: "no <Maven>" },
  ],
};
const times: RowResult = {
  row: {
    ...row,
    name: "wait",
    unit: "ms",
    variants: { "1 worker": () => ({ value: 1 }) },
    goals: [{ variant: "1 worker", below: 10 }],
  },
  contestants: [
    { name: "1 worker", measurements: [{ value: 12, also: { "p50 ms": 2 } }] },
    { name: "flink, 1 worker", measurements: values(24) },
  ],
};

describe("judging", () => {
  test("medians count, of odd and of even numbers of runs", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
  test("a goal holds, is missed, or has nothing to be compared with", () => {
    expect(judge(result).map(({ holds }) => holds)).toEqual([true, false, undefined]);
    expect(judge(times).map(({ holds }) => holds)).toEqual([false]);
  });
  test("a goal may be about another figure than the row's", () => {
    const goals = [
      { variant: "1 worker", figure: "p50 ms", below: 1.5 },
      { variant: "1 worker", figure: "p50 ms", below: 3 },
    ];
    const verdicts = judge({ ...times, row: { ...times.row, goals } });
    expect(verdicts.map(({ holds }) => holds)).toEqual([false, true]);
    expect(verdicts[1]!.words).toBe("1 worker p50 < 3 ms");
  });
  test("a ratio says how many times as good, of rates as of times", () => {
    expect(ratio(result, "1 worker", "loop")).toBe(0.5);
    expect(ratio(times, "1 worker", "flink, 1 worker")).toBe(2);
    expect(ratio(result, "1 worker", "flink, 1 worker")).toBeUndefined();
  });
  test("a wrong answer names the figure", () => {
    expect(() => expectAnswer("sum", { total: 3 }, { total: 4 })).toThrow("sum: total is 3 and should be 4");
  });
  test("figures are short", () => {
    expect([figure(5_123_456, "words/s"), figure(17_040, "rounds/s"), figure(830, "records/s"), figure(3.2, "ms")]).toEqual([
      "5.12 M/s",
      "17.0 k rounds/s",
      "830/s",
      "3.20 ms",
    ]);
    expect([12.4, 0.524, 0.00344].map(timesAsGood)).toEqual(["12 ×", "0.52 ×", "0.0034 ×"]);
  });
});

describe("reports", () => {
  test("the terminal's table shows what is missing and what is missed", () => {
    const table = terminalTable([result, times]);
    expect(table).toContain("0.50 × loop");
    for (const goal of ["≥ 0.5 × loop ✓", "ahead of timely, 1 worker (0.63 ×) ✗ missed", "≥ 2 × flink, 1 worker (not measured)"])
      expect(table.split("\n").some((line) => line.endsWith(goal))).toBe(true);
    expect(table).toContain("– (no <Maven>)");
    expect(table).toContain("12 ms, p50 2.00 ms");
  });
  test("Markdown has a line for each contestant", () => {
    expect(markdownTable([result]).split("\n")).toHaveLength(2 + result.contestants.length);
  });
  test("the picture is well-formed and has a bar for each contestant that was measured", () => {
    const svg = picture([result, times]);
    expect(svg.match(/<rect /g)).toHaveLength(1 + 3 + 2);
    expect(svg).toContain("a black mark is a goal");
    const open: string[] = [];
    for (const [, closing, name, empty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (closing === "/") expect(open.pop()).toBe(name);
      else if (empty !== "/") open.push(name!);
    }
    expect(open).toEqual([]);
    expect(svg).toContain("flink, 1 worker");
  });
  test("numbers are replaced between their marks, and what people wrote stays", () => {
    const page = replacePart(
      "# Performance\nfirst\n<!-- numbers: written by `npm run bench -- --peers --save` -->\nold\n<!-- end of numbers -->\nlast\n",
      "numbers",
      "new",
    );
    expect(page).toContain("first");
    expect(page).toContain("\nnew\n");
    expect(page).toContain("last");
    expect(page).not.toContain("old");
    expect(() => replacePart("# Performance\n", "numbers", "new")).toThrow("needs the lines");
  });
});
