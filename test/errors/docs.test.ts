import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorCodes } from "../../runtime/errors/index.ts";

const page = readFileSync("docs/errors.md", "utf8");
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.split("\n")[0]!.trim(), section] as const),
);

test("docs/errors.md has a section for every code, once, and for nothing else", () => {
  expect([...sections.keys()].toSorted()).toEqual(Object.keys(errorCodes).toSorted());
  expect(page.match(/^### /gm)).toHaveLength(sections.size);
});

test.each(Object.entries(errorCodes))(
  "the section of %s says when it is thrown and repeats the remedy that users are shown",
  (code, remedy) => {
    const section = sections.get(code) ?? "";
    expect(section).toMatch(/\*\*When\.\*\* \S/);
    expect(section).toContain(`**What to do.** ${remedy}`);
  },
);
