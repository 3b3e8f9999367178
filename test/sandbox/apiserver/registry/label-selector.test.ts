import { expect, it } from "vitest";
import { labelSelectorOf, labelSelectorText, parseLabelSelector } from "../../../../sandbox/apiserver/registry/label-selector.ts";

const labels = { app: "a", tier: "x", "example.com/n": "5" };

it.each([
  ["", true],
  ["app=a", true],
  ["app==a,tier!=y", true],
  ["app in (a, b),tier notin (z)", true],
  ["app notin (a)", false],
  ["missing notin (a)", true],
  ["missing!=a", true],
  ["app,!missing", true],
  ["!app", false],
  ["example.com/n>4,example.com/n<6", true],
  ["app=", false],
])("%s", (selector, selected) => expect(parseLabelSelector(selector)(labels)).toBe(selected));

it("reads and writes LabelSelector objects", () => {
  const selector = {
    matchLabels: { app: "a" },
    matchExpressions: [
      { key: "tier", operator: "In", values: ["y", "x"] },
      { key: "gone", operator: "DoesNotExist" },
    ],
  };
  expect(labelSelectorOf(selector)(labels)).toBe(true);
  expect(labelSelectorText(selector)).toBe("!gone,app=a,tier in (x,y)");
  expect(parseLabelSelector(labelSelectorText(selector))(labels)).toBe(true);
  expect(labelSelectorOf(undefined)(labels)).toBe(false);
  expect(labelSelectorOf({})(labels)).toBe(true);
});
