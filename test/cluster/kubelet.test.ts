import { describe, it } from "vitest";
import { kubeletContract } from "../sandbox/kubelet-contract.ts";
import { findPrograms } from "./binaries.ts";
import { clusterWorld } from "./cluster-world.ts";

const bin = findPrograms();
if (bin !== undefined) kubeletContract("behind a real control plane", () => clusterWorld(bin), { abandonKubelet: true });
else describe("a real control plane", () => it.skip("needs go, or the programs that build.sh makes", () => undefined));
