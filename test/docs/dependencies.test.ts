import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Package {
  readonly license?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}
const read = (file: string): Package => JSON.parse(readFileSync(file, "utf8")) as Package;
const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = read("package.json");
const page = readFileSync("docs/dependencies.md", "utf8");
/** Rows of a section's table: name → cells. */
const rowsOf = (title: string): Map<string, string[]> =>
  new Map(
    [...(page.split(`## ${title}\n`)[1]?.split("\n## ")[0] ?? "").matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, name, cells]) => [
      name!,
      cells!.split("|").map((cell) => cell.trim()),
    ]),
  );

test.each([
  ["At run time", dependencies],
  ["Brought by whoever needs them", peerDependencies],
  ["For development", devDependencies],
])("%s: the page has a row for each dependency and for no other", (title, wanted) => {
  expect([...rowsOf(title).keys()].toSorted()).toEqual(Object.keys(wanted).toSorted());
});

test.each([...rowsOf("At run time"), ...rowsOf("Brought by whoever needs them"), ...rowsOf("For development")])(
  "the row of %s says what for, why and under which licence",
  (name, cells) => {
    expect(cells).toHaveLength(3);
    for (const cell of cells) expect(cell).not.toBe("");
    const file = `node_modules/${name}/package.json`;
    if (existsSync(file)) expect(cells[2]).toBe(read(file).license);
  },
);
