import { expect, it } from "vitest";
import { compileJsonPath } from "../../../../sandbox/apiserver/table/json-path.ts";
import { humanDuration } from "../../../../sandbox/apiserver/table/age.ts";

const object = {
  a: {
    "b.c": 1,
    list: [
      { type: "Ready", status: "True" },
      { type: "X", status: "False", n: 2 },
    ],
  },
};

it.each([
  [".a.list[0].status", ["True"]],
  [".a['b.c']", [1]],
  [".a.b\\.c", [1]],
  ['.a.list[?(@.type=="Ready")].status', ["True"]],
  [".a.list[?(@.n==2)].type", ["X"]],
  [".a.list[?(@.type!='X')].type", ["Ready"]],
  [".a.list[*].type", ["Ready", "X"]],
  ["{.a.list[-1].type}", ["X"]],
  [".a.missing.deeper", []],
])("%s", (path, found) => expect(compileJsonPath(path)(object)).toEqual(found));

it("refuses a path it does not understand when it is compiled", () => {
  expect(() => compileJsonPath(".a[(@.length-1)]")).toThrow("unrecognized JSONPath");
});

it.each([
  [-5000, "<invalid>"],
  [500, "0s"],
  [119_000, "119s"],
  [125_000, "2m5s"],
  [600_000, "10m"],
  [3 * 3600_000 + 60_000, "3h1m"],
  [10 * 3600_000, "10h"],
  [3 * 86400_000 + 3600_000, "3d1h"],
  [30 * 86400_000, "30d"],
  [800 * 86400_000, "2y70d"],
])("%d ms are shown as %s", (milliseconds, shown) => expect(humanDuration(milliseconds)).toBe(shown));
