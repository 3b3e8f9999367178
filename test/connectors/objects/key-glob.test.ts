import { expect, test } from "vitest";
import { keyGlob } from "../../../runtime/connectors/objects/key-glob.ts";

test.each([
  ["*.jsonl", ["a.jsonl", ".jsonl"], ["d/a.jsonl", "a.jsonl.gz", "ajsonl"]],
  ["**/*.jsonl", ["a.jsonl", "d/a.jsonl", "d/e/a.jsonl"], ["a.json", "d/a.jsonl/x"]],
  ["logs/**", ["logs/a", "logs/b/c"], ["log/a", "logs"]],
  ["day=*/{a,b?}.[ch]sv", ["day=1/a.csv", "day=/bx.hsv"], ["day=1/b.csv", "day=1/2/a.csv", "day=1/a.dsv"]],
  ["[!a]*", ["b", "(x)"], ["a", "ab", ""]],
  ["a+(b).c|^$", ["a+(b).c|^$"], ["aab.c"]],
  ["x,y}", ["x,y}"], ["x"]],
])("%s", (glob, yes, no) => {
  const matches = keyGlob(glob);
  expect(yes.filter((key) => !matches(key))).toEqual([]);
  expect(no.filter(matches)).toEqual([]);
});

test.each(["[a", "{a,b", "x[]"])("%s is refused", (glob) => {
  expect(() => keyGlob(glob)).toThrow(
    expect.objectContaining({ code: "WEIR_FLOW_OPTION", message: expect.stringContaining("is not closed") }),
  );
});
