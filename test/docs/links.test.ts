import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, pages, proseOf } from "./markdown.ts";

const all = [...pages(), ...globSync("{examples,sandbox,test,bench}/**/*.md")];

test.each(all)("links of %s lead somewhere", (page) => {
  const broken: string[] = [];
  for (const [, link, image] of proseOf(page).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)) {
    const target = link ?? image!;
    if (/^[a-z]+:/.test(target)) continue;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    if (!existsSync(file)) broken.push(target);
    else if (anchor !== undefined && !anchorsOf(file).includes(anchor)) broken.push(target);
  }
  expect(broken).toEqual([]);
});

test("every page of docs can be reached from the README", () => {
  const seen = new Set<string>();
  const visit = (page: string): void => {
    if (seen.has(page)) return;
    seen.add(page);
    for (const [, target] of readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+\.md)[^)]*\)/g)) {
      const file = normalize(join(dirname(page), target!));
      if (!/^[a-z]+:/.test(target!) && existsSync(file)) visit(file);
    }
  };
  visit("README.md");
  expect(pages().filter((page) => !seen.has(page))).toEqual([]);
});
