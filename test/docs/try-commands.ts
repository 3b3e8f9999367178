/** A test for each shell block of a page that belongs to a ring; blocks of one page run in their order. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, missingLine } from "./markdown.ts";
import { openShell, type Shell } from "./shell.ts";

export function tryCommands(page: string, ring: "unit" | "e2e", timeoutMs: number): void {
  const blocks = blocksOf(page).filter((block) => block.language === "sh" && block.mark?.ring === ring);
  if (blocks.length === 0) return;
  describe(page, () => {
    let shell: Shell;
    beforeAll(() => {
      shell = openShell(timeoutMs);
    });
    afterAll(() => shell.close(), 60_000);
    for (const block of blocks) {
      test(
        `line ${block.line}: ${block.text.split("\n")[0]}`,
        async () => {
          const printed = await shell.run(block);
          if (block.output !== undefined)
            expect(missingLine(block.output, printed), `what ${page}:${block.line} printed:\n${printed}`).toBeUndefined();
        },
        timeoutMs + 10_000,
      );
    }
  });
}
