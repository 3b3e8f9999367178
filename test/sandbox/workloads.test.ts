import { sandboxWorld } from "./sandbox-world.ts";
import { workloadsContract } from "./workloads-contract.ts";

workloadsContract("of the sandbox", () => sandboxWorld());
