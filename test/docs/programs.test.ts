/**
 * TypeScript blocks of the documentation are whole modules: they are type-checked together, then run in their order, and print
 * what the `text` block behind them shows. `<!-- run: types -->` above a block: it is checked and not run.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, blocksOf, missingLine, pages } from "./markdown.ts";

const run = promisify(execFile);
const programs = pages().flatMap((page) => blocksOf(page).filter((block) => block.language === "ts"));
/** Inside of the package, so that "weir" is the package itself. */
let folder: string;
const fileOf = ({ page, line }: Block): string => join(folder, page.replaceAll(/[/.]/g, "-"), `line-${line}.ts`);

beforeAll(() => {
  mkdirSync(".weir", { recursive: true });
  folder = mkdtempSync(resolve(".weir/docs-"));
  for (const block of programs) {
    const file = fileOf(block);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, `${block.text}\nexport {};\n`);
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: ["**/*.ts"], exclude: [] }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("all programs have the right types", async () => {
  const answer = await run(process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  // What is wrong elsewhere is for `npm run typecheck` to say.
  const found = answer.stdout.split("\n").filter((line) => line.startsWith(relative(".", folder)));
  expect(found).toEqual([]);
}, 120_000);

test.each(
  programs.filter((block) => block.mark?.options.has("file")).map((block) => [block.mark!.options.get("file")!, block] as const),
)("%s has in it what the page shows of it", (file, block) => expect(readFileSync(file, "utf8")).toContain(block.text));

describe.each([...new Set(programs.map((block) => block.page))])("%s", (page) => {
  const blocks = programs.filter((block) => block.page === page && block.mark?.ring !== "types");
  const printed = new Map<number, string>();

  /** One process per page: each starts Node and loads Weir once. */
  test("its programs run", async () => {
    if (blocks.length === 0) return;
    const scratch = join(folder, page.replaceAll(/[/.]/g, "-"), "scratch");
    mkdirSync(scratch, { recursive: true });
    symlinkSync(resolve("node_modules"), join(scratch, "node_modules"));
    const { stdout } = await run(process.execPath, [resolve("test/docs/run-programs.ts"), ...blocks.map(fileOf)], { cwd: scratch });
    const parts = stdout.split(/^=== (?:.*)line-(\d+)\.ts\n/m);
    for (let i = 1; i < parts.length; i += 2) printed.set(Number(parts[i]), parts[i + 1]!);
    expect([...printed.keys()]).toEqual(blocks.map((block) => block.line));
  }, 60_000);

  const shown = blocks.filter((block) => block.output !== undefined);
  if (shown.length > 0)
    test.each(shown.map((block) => [block.line, block] as const))("line %i prints what the page shows", (line, block) => {
      const text = printed.get(line) ?? "";
      expect(missingLine(block.output!, text), `what it printed:\n${text}`).toBeUndefined();
    });
});
