import { describe, it } from "vitest";
import { findPrograms } from "../cluster/binaries.ts";
import { kubectlTable } from "./kubectl-table.ts";
import { sandboxWorld } from "./sandbox-world.ts";

const bin = findPrograms(["kubectl"]);
if (bin !== undefined) kubectlTable("in the sandbox", sandboxWorld, `${bin}/kubectl`);
else describe("kubectl", () => it.skip("needs kubectl, or go to build it with", () => undefined));
