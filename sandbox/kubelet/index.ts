/** A kubelet that runs pods as child processes. Imports the sandbox's client only; knows nothing of the sandbox's API server. */
export { startKubelet, type Kubelet } from "./kubelet.ts";
export type { BackOff, ImageMapping, KubeletOptions, NetworkMode } from "./options.ts";
export { defaultNodeName } from "./node.ts";
