import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const { scripts, files } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string>; files: string[] };

test("CONTRIBUTING.md has a row that names each script, and no other", () => {
  const page = readFileSync("CONTRIBUTING.md", "utf8").split("## Commands\n")[1]!.split("\n## ")[0]!;
  const named = [...page.matchAll(/^\| ((?:`[\w:]+`(?:, )?)+) \|/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/`([\w:]+)`/g)].map(([, name]) => name!),
  );
  expect(named.toSorted()).toEqual(Object.keys(scripts).toSorted());
});

test("what scripts run, and what is published, is there", () => {
  for (const [, script] of Object.entries(scripts)) {
    for (const [, file] of script.matchAll(/\bnode (\S+\.ts)/g)) expect(existsSync(file!), file).toBe(true);
    for (const [, other] of script.matchAll(/npm run (\S+)/g)) expect(Object.keys(scripts)).toContain(other);
  }
  for (const file of files) expect(existsSync(file), file).toBe(true);
});
