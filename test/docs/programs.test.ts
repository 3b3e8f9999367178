/**
 * TypeScript blocks of the documentation are whole modules: they are type-checked together, then run in their order, and print
 * what the `text` block behind them shows. `<!-- run: types -->` above a block: it is checked and not run.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
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

/** Pages of docs/operators, docs/api and docs/connectors share a process per folder: starting one and loading Weir takes longer than most programs. */
const groupOf = (page: string): string => (page.split("/").length > 2 ? dirname(page) : page);
const runnable = programs.filter((block) => block.mark?.ring !== "types");
interface Printed {
  /** By file of the program. A program that failed has no entry, and neither have those behind it. */
  readonly text: ReadonlyMap<string, string>;
  readonly failure: unknown;
}
const groups = new Map<string, Promise<Printed>>();

async function runGroup(group: string): Promise<Printed> {
  const files = runnable.filter((block) => groupOf(block.page) === group).map(fileOf);
  for (const at of new Set(files.map((file) => join(file, "..", "scratch")))) {
    mkdirSync(at, { recursive: true });
    symlinkSync(resolve("node_modules"), join(at, "node_modules"));
  }
  const { stdout, failure } = await run(process.execPath, [resolve("test/docs/run-programs.ts"), ...files]).then(
    ({ stdout }) => ({ stdout, failure: undefined }),
    (error: { stdout: string }) => ({ stdout: error.stdout, failure: error as unknown }),
  );
  const parts = stdout.split(/^=== (.*)\n/m);
  const text = new Map<string, string>();
  for (let i = 1; i < parts.length; i += 2) text.set(parts[i]!, parts[i + 1]!);
  if (failure !== undefined) text.delete(parts.at(-2) ?? "");
  return { text, failure };
}
/** Runs a group once, whichever of its pages comes first. */
function printedBy(page: string): Promise<Printed> {
  const group = groupOf(page);
  const found = groups.get(group) ?? runGroup(group);
  groups.set(group, found);
  return found;
}

describe.each([...new Set(programs.map((block) => block.page))])("%s", (page) => {
  const blocks = runnable.filter((block) => block.page === page);

  test("its programs run", async () => {
    if (blocks.length === 0) return;
    const { text, failure } = await printedBy(page);
    if (blocks.some((block) => !text.has(fileOf(block)))) throw failure;
  }, 60_000);

  const shown = blocks.filter((block) => block.output !== undefined);
  if (shown.length > 0)
    test.each(shown.map((block) => [block.line, block] as const))("line %i prints what the page shows", async (_line, block) => {
      const text = (await printedBy(page)).text.get(fileOf(block)) ?? "";
      expect(missingLine(block.output!, text), `what it printed:\n${text}`).toBeUndefined();
    });
});
