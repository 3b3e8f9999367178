import { describe, it } from "vitest";
import { lifecycle } from "../e2e/lifecycle.ts";
import { findPrograms } from "./binaries.ts";
import { lifecycleWorld } from "./lifecycle-world.ts";

const bin = findPrograms();
if (bin !== undefined) lifecycle("behind a real control plane", () => lifecycleWorld(bin));
else describe("a real control plane", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
