import { describe, it } from "vitest";
import { kubectlTable } from "../e2e/kubectl-table.ts";
import { findPrograms } from "./binaries.ts";
import { lifecycleWorld } from "./lifecycle-world.ts";

const bin = findPrograms();
if (bin !== undefined) kubectlTable("behind a real control plane", () => lifecycleWorld(bin), `${bin}/kubectl`);
else describe("a real control plane", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
