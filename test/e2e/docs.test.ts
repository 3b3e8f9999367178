/** The commands of the documentation that take long, or need the sandbox and kubectl. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { pages } from "../docs/markdown.ts";
import { tryCommands } from "../docs/try-commands.ts";

test("kubectl is installed", () => {
  expect(spawnSync("kubectl", ["version", "--client"]).error).toBeUndefined();
});

for (const page of pages()) tryCommands(page, "e2e", 900_000);
