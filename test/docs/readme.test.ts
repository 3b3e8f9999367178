import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blocksOf } from "./markdown.ts";
import { tryCommands } from "./try-commands.ts";

tryCommands("README.md", "unit", 60_000);

test("every shell block says in which ring it runs, and none is left out", () => {
  const shell = blocksOf("README.md").filter((block) => ["sh", "bash", "shell", "console", ""].includes(block.language));
  expect(shell.length).toBeGreaterThan(4);
  for (const { page, line, language, mark, text } of shell) {
    expect(language, `${page}:${line} is marked sh`).toBe("sh");
    // `ci`: what .ci/run itself does, on the clean checkout that it is given.
    if (mark?.ring === "ci") {
      const script = readFileSync(".ci/run", "utf8");
      expect(text.trim().split(" && ")).toEqual(["npm ci", "npm test"]);
      expect(script).toMatch(/^step install npm ci\b/m);
      expect(script).toMatch(/^suite unit test$/m);
      continue;
    }
    expect(["unit", "e2e"], `${page}:${line} has <!-- run: unit --> or <!-- run: e2e --> above it`).toContain(mark?.ring);
  }
});

test("the commands to start with are there", () => {
  const text = blocksOf("README.md")
    .map((block) => block.text)
    .join("\n");
  expect(text).toContain("npm ci && npm start");
  expect(text).toContain("npm ci && npm test");
});
