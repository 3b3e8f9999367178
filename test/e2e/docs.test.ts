/** The commands of the documentation that take long, or need the sandbox and kubectl. */
import { spawnSync } from "node:child_process";
import { delimiter } from "node:path";
import { expect, test } from "vitest";
import { findPrograms } from "../cluster/binaries.ts";
import { pages } from "../docs/markdown.ts";
import { tryCommands } from "../docs/try-commands.ts";

// The kubectl that was built for the cluster suites, where there is no other.
process.env.PATH = [process.env.PATH, findPrograms()].filter((path) => path !== undefined).join(delimiter);

test("kubectl is installed", () => {
  expect(spawnSync("kubectl", ["version", "--client"]).error).toBeUndefined();
});

for (const page of pages()) tryCommands(page, "e2e", 900_000);
