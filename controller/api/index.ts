/**
 * The `Dataflow` resource: its schema (the one source of the CRD, of the TypeScript types and of the defaults), and what can be
 * said about a spec without looking at a cluster. Imports nothing of ours.
 */
export { group, version, apiVersion, kind, plural, finalizer } from "./group.ts";
export type { Dataflow, DataflowSpec, DataflowStatus, ResolvedSpec, PodTemplate } from "./dataflow.ts";
export { isFailureStatus, type ObjectMeta, type OwnerReference } from "./object-meta.ts";
export { withDefaults } from "./defaults.ts";
export { specProblems } from "./validation.ts";
export { customResourceDefinition } from "./crd.ts";
export type { Condition, Phase } from "./schema/status.ts";
export { annotations, childNames, labels, ordinalOf, ports, selector } from "./names.ts";
export { canonicalJson, hashOf } from "./hash.ts";
