import { expect, it } from "vitest";
import { canonicalQuantity, parseQuantity } from "../../../../sandbox/apiserver/cel/quantity.ts";

it.each([
  ["0.5", "500m"],
  ["1500m", "1500m"],
  ["2000m", "2"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["1000k", "1M"],
  ["1e3", "1e3"],
  ["0", "0"],
  ["0.0", "0"],
  ["-1.25", "-1250m"],
  ["512Mi", "512Mi"],
  ["0.5Ki", "512"],
  ["1n", "1n"],
])("%s is kept as %s", (given, kept) => {
  expect(canonicalQuantity(parseQuantity(given)!)).toBe(kept);
});

it.each(["", "lots", "1 Gi", "1GiB", "--1", "1e99"])("%j is no quantity", (given) => {
  expect(parseQuantity(given)).toBeUndefined();
});
