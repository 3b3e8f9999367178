import { expect, test } from "vitest";
import { blocksOf, pages } from "./markdown.ts";
import { tryCommands } from "./try-commands.ts";

const others = pages().filter((page) => page !== "README.md");
for (const page of others) tryCommands(page, "unit", 60_000);

test.each(others)("every shell block of %s says how it is tried", (page) => {
  for (const { line, language, mark } of blocksOf(page)) {
    if (language !== "sh") continue;
    expect(["unit", "e2e", "by hand"], `${page}:${line} has <!-- run: … --> above it`).toContain(mark?.ring);
    if (mark!.ring === "by hand")
      expect(mark!.options.has("because"), `${page}:${line} says why: <!-- run: by hand; because: … -->`).toBe(true);
  }
});
