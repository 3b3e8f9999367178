/** The manifest: the one small mutable object that is the truth. May import errors, names and the recovery types. */
export { parseManifest, serializeManifest } from "./schema.ts";
export { readManifest } from "./read-manifest.ts";
export { assignPartitions } from "./assign-partitions.ts";
export { checkFits, claimExecution, ownedBy, type ExecutionClaim } from "./claim-execution.ts";
export { chooseSnapshot, commitSnapshot, type CommitOptions } from "./commit-snapshot.ts";
export { checkSteps } from "./check-steps.ts";
