/** What macOS has, tried everywhere: one loopback address, and pods' ports mapped to free ones. */
import { kubeletContract } from "./kubelet-contract.ts";
import { sandboxWorld } from "./sandbox-world.ts";

kubeletContract("in the sandbox, with mapped ports", () => sandboxWorld({ network: "mapped" }), { abandonKubelet: false });
