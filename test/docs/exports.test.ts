/** What can be imported is documented: each export's name stands in code on some page of docs. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const text = globSync("docs/**/*.md")
  .map((page) => readFileSync(page, "utf8"))
  .join("\n");
/** Names in `code` and in fenced blocks. */
const code = [...text.matchAll(/^```[^]*?^```$|`[^`\n]+`/gm)].map(([span]) => span).join("\n");
const mentioned = new Set(code.match(/[A-Za-z_$][\w$]*/g));

/** Types too, so it is read from the source and not from the loaded module. */
function exportsOf(file: string): string[] {
  const source = readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const names: string[] = [];
  for (const [, list] of source.matchAll(/export (?:type )?\{([^}]*)\}/g)) {
    for (const item of list!.split(",")) {
      const name = item
        .trim()
        .replace(/^type /, "")
        .split(" as ")
        .at(-1)!
        .trim();
      if (name !== "") names.push(name);
    }
  }
  for (const [, name] of source.matchAll(
    /export (?:declare |async |abstract )?(?:const|let|function|class|interface|type|enum) (\w+)/g,
  ))
    names.push(name!);
  for (const [, from] of source.matchAll(/export (?:type )?\* from "([^"]+)"/g))
    names.push(...exportsOf(join(dirname(file), from!)));
  return [...new Set(names)];
}

test.each([
  ["weir", "runtime/index.ts", 40],
  ["weir/testing", "runtime/testing/index.ts", 7],
  ["weir/timely", "runtime/timely/index.ts", 18],
])("every export of %s has a place in docs", (_name, file, atLeast) => {
  const names = exportsOf(file);
  expect(names.length).toBeGreaterThanOrEqual(atLeast);
  expect(names.filter((name) => !mentioned.has(name))).toEqual([]);
});

test("what Node finds in the modules is what the source was read to export", async () => {
  for (const file of ["runtime/index.ts", "runtime/testing/index.ts", "runtime/timely/index.ts"]) {
    const loaded = Object.keys((await import(join("../..", file))) as object);
    expect(exportsOf(file)).toEqual(expect.arrayContaining(loaded));
  }
});
