import { describe, expect, test } from "vitest";
import type { JoinEmit, JoinInsert } from "../../../runtime/flow/logic.ts";
import { type Clock, eventClock, joinWindow, session, tumbling } from "../../../runtime/flow/windows/index.ts";
import { rows } from "../../../runtime/flow/windows/join.ts";
import { oneKey } from "./one-key.ts";

interface Reading {
  at: number;
  is: string;
}
type Tagged = readonly [side: number, value: Reading];
const clock = eventClock<Reading>({ timestamp: (value) => value.at, waitMs: 0 }) as Clock<unknown> as Clock<Tagged>;
const input = (...script: string[]): Tagged[] =>
  script.map((word) => [word.charCodeAt(0) - 97, { at: Number(word.slice(1).split("@")[1]), is: word.split("@")[0]! }]);

/** "a1@5": value a1 of side 0 at time 5. Rows come out as "a1 b1 -". */
function join(
  insert: JoinInsert | undefined,
  emit: JoinEmit | undefined,
  script: string[],
  options: { sides?: number; gapMs?: number } = {},
) {
  const windower = options.gapMs === undefined ? tumbling({ lengthMs: 10, alignTo: 0 }) : session({ gapMs: options.gapMs });
  const modes = { ...(insert && { insert }), ...(emit && { emit }) };
  const aggregate = joinWindow(options.sides ?? 2, modes);
  const late =
    options.gapMs === undefined
      ? clock
      : (eventClock<Reading>({ timestamp: (value) => value.at, waitMs: 1_000 }) as Clock<unknown> as Clock<Tagged>);
  const key = oneKey<Tagged>({ windower, aggregate, clock: late, sides: true, ordered: options.gapMs === undefined });
  const steps: string[][] = [];
  const show = () =>
    key.down.map(([id, row]) => `${id}: ${(row as (Reading | null)[]).map((value) => value?.is ?? "-").join(" ")}`);
  for (const value of input(...script)) {
    const before = key.down.length;
    key.batch(value);
    key.rebuild();
    steps.push(show().slice(before));
  }
  const before = key.down.length;
  key.eof();
  steps.push(show().slice(before));
  return { steps, late: key.late };
}

describe("final, the default", () => {
  test("a row when the window closes, the last value of each side, null for none", () => {
    expect(join(undefined, undefined, ["a1@1", "b1@2", "a2@3", "a3@12"]).steps).toEqual([[], [], [], ["0: a2 b1"], ["1: a3 -"]]);
  });
  test("first keeps the first", () => {
    expect(join("first", "final", ["a1@1", "b1@2", "a2@3"]).steps.at(-1)).toEqual(["0: a1 b1"]);
  });
  test("product gives all combinations, the last side fastest; a side without values is one null", () => {
    expect(join("product", "final", ["a1@1", "c1@1", "a2@2", "c2@3"], { sides: 3 }).steps.at(-1)).toEqual([
      "0: a1 - c1",
      "0: a1 - c2",
      "0: a2 - c1",
      "0: a2 - c2",
    ]);
  });
});

describe("complete", () => {
  test("a row once every side has a value; then the values are forgotten and the window stays open", () => {
    expect(join("last", "complete", ["a1@1", "b1@2", "b2@3", "a2@4", "a3@5"]).steps).toEqual([
      [],
      ["0: a1 b1"],
      [],
      ["0: a2 b2"],
      [],
      [],
    ]);
  });
  test("nothing is emitted at the close, whether complete or not", () => {
    expect(join("last", "complete", ["a1@1", "a2@11"]).steps).toEqual([[], [], []]);
  });
  test("with product, all combinations so far", () => {
    expect(join("product", "complete", ["a1@1", "a2@2", "b1@3"]).steps[2]).toEqual(["0: a1 b1", "0: a2 b1"]);
  });
});

describe("running", () => {
  test("a row at every value, even one that first does not keep, and none at the close", () => {
    expect(join("first", "running", ["a1@1", "b1@2", "a2@3"]).steps).toEqual([["0: a1 -"], ["0: a1 b1"], ["0: a1 b1"], []]);
  });
  test("last follows the values", () => {
    expect(join("last", "running", ["a1@1", "a2@2", "b1@3"]).steps).toEqual([["0: a1 -"], ["0: a2 -"], ["0: a2 b1"], []]);
  });
});

describe("merging sessions", () => {
  const script = ["a1@100", "b1@100", "a2@120", "b2@110"];
  test.each([
    ["first" as const, ["0: a1 b1"]],
    ["last" as const, ["0: a2 b2"]],
    ["product" as const, ["0: a1 b1", "0: a1 b2", "0: a2 b1", "0: a2 b2"]],
  ])("%s", (insert, expected) => {
    expect(join(insert, "final", script, { gapMs: 10 }).steps.at(-1)).toEqual(expected);
  });
  test("a side that only the later session has comes with it", () => {
    expect(join("first", "final", ["a1@100", "b1@120", "a2@110"], { gapMs: 10 }).steps.at(-1)).toEqual(["0: a1 b1"]);
    expect(join("last", "final", ["b1@100", "a1@120", "b2@110"], { gapMs: 10 }).steps.at(-1)).toEqual(["0: a1 b2"]);
  });
  test("complete is found out by a merge too", () => {
    expect(join("last", "complete", ["a1@100", "b1@120", "a2@110"], { gapMs: 10 }).steps[2]).toEqual(["0: a2 b1"]);
  });
  test("running shows the merge", () => {
    expect(join("last", "running", ["a1@100", "b1@120", "a2@110"], { gapMs: 10 }).steps[2]).toEqual(["0: a2 -", "0: a2 b1"]);
  });
});

test("late values come out without their side", () => {
  const { late } = join("last", "final", ["a1@100", "b1@95"]);
  expect(late).toEqual([[9, { at: 95, is: "b1" }]]);
});

test("rows of no values are one row of nulls", () => {
  expect(rows([[], []])).toEqual([[null, null]]);
});

test.each([[{ insert: "frist" }], [{ emit: "always" }], [{ insert: null }]])("%o is refused", (options) => {
  expect(() => joinWindow(2, options as never)).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
});
