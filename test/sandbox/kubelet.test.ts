import { kubeletContract } from "./kubelet-contract.ts";
import { sandboxWorld } from "./sandbox-world.ts";

kubeletContract("in the sandbox", () => sandboxWorld(), { abandonKubelet: false });
