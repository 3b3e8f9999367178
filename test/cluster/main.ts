/**
 * `node test/cluster/main.ts`: a real control plane to look at, or to run a suite against, until Ctrl-C.
 * Prints one line, `KUBECONFIG=<path>`, on standard output when it is up.
 */
import { findPrograms } from "./binaries.ts";
import { startControlPlane } from "./control-plane.ts";

const bin = findPrograms();
if (bin === undefined) process.exit(1);
const plane = await startControlPlane(bin);
console.log(`KUBECONFIG=${plane.kubeconfig}`);
console.error(`kubectl is ${bin}/kubectl; Ctrl-C ends the control plane and removes everything it wrote`);
const leave = (): void => void plane.stop().then(() => process.exit(0));
process.once("SIGINT", leave);
process.once("SIGTERM", leave);
