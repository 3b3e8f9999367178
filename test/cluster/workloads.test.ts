import { describe, it } from "vitest";
import { workloadsContract } from "../sandbox/workloads-contract.ts";
import { findPrograms } from "./binaries.ts";
import { clusterWorld } from "./cluster-world.ts";

const bin = findPrograms();
if (bin !== undefined) workloadsContract("of a real control plane", () => clusterWorld(bin));
else describe("a real control plane", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
