/** Doing what was decided: children by server-side apply, requests to workers. May import api, decide's types and machinery. */
export { childrenOf, createApplier, fieldManager, type Applier } from "./applier.ts";
export { dataflowPath, execute, WorkerRequestFailed, type ExecuteContext } from "./execute.ts";
export { childMetadata, type ChildObject } from "./objects.ts";
