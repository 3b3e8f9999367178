import { expect, it } from "vitest";
import { compilePattern } from "../../../../sandbox/apiserver/schema/pattern.ts";

it.each([
  ["^[a-z\\-]+$", "a-b", true],
  ["^[[:alpha:]]+\\z", "abC", true],
  ["^[[:alpha:]]+\\z", "ab1", false],
  ["(?i)^abc$", "ABC", true],
  ["^(?P<year>\\d{4})$", "2026", true],
  ["^\\p{L}+$", "ж", true],
  ["^[\\w.-]+$", "a.b-c", true],
])("%s on %s", (pattern, text, matches) => expect(compilePattern(pattern).test(text)).toBe(matches));

it("says when an expression is not understood", () => {
  expect(() => compilePattern("^(")).toThrow(SyntaxError);
});
