import { expect, test } from "vitest";
import { readArguments, usage } from "../../bench/arguments.ts";
import { longestGap } from "../../bench/data/updates.ts";
import { words } from "../../bench/data/words.ts";
import { rows } from "../../bench/rows/index.ts";

const names = (...args: string[]): string[] => readArguments(args, rows).rows.map(({ name }) => name);

test("without arguments all rows are measured five times at full size", () => {
  expect(readArguments([], rows)).toMatchObject({ rows, runs: 5, scale: "full", peers: false, save: false });
});
test("a row is found by the beginning of its name", () => {
  expect(names("keyed")).toEqual(["keyed-1k", "keyed-1m"]);
  expect(names("barrier", "keyed-1k")).toEqual(["keyed-1k", "barrier"]);
});
test("brief runs are single unless asked otherwise", () => {
  expect(readArguments(["--brief"], rows)).toMatchObject({ runs: 1, scale: "brief" });
  expect(readArguments(["--brief", "--runs", "3"], rows)).toMatchObject({ runs: 3 });
});
test("answers alone are checked at the smallest size, or at that of a look", () => {
  expect(readArguments(["--check"], rows)).toMatchObject({ runs: 1, scale: "tiny", check: true });
  expect(readArguments(["--check", "--brief"], rows)).toMatchObject({ runs: 1, scale: "brief", check: true });
});
test("how cost grows is asked for by itself", () => {
  expect(readArguments(["scaling", "--save"], rows)).toMatchObject({ scaling: true, save: true, scale: "full" });
});
test("help names every row", () => {
  for (const { name } of rows) expect(usage(rows)).toContain(`  ${name} `);
});
test.each([
  [["scaling", "--peers"], "scaling stands alone"],
  [["--count", "counts.json"], "--count counts what --check finds"],
  [["nexmark-q9"], "there is no row nexmark-q9"],
  [["--runs", "0"], "--runs must be a positive number"],
  [["--save", "--brief"], "--save wants all rows"],
  [["--save", "chain"], "--save wants all rows"],
  [["--fast"], "--fast"],
])("%j is refused with a sentence", (args, message) => {
  expect(() => readArguments(args, rows)).toThrow(message);
});
test("words are maximal runs without white space, lowercased", () => {
  expect(words("  1 In the\tBEGINNING, God\r\n")).toEqual(["1", "in", "the", "beginning,", "god"]);
  expect(words(" \n")).toEqual([]);
});
test("the longest gap is counted between slices with output inside of the interval", () => {
  expect(longestGap([1, 2, 3, 13, 14, 90], 0, 100)).toBe(45);
});
