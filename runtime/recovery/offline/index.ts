/** Tools for a store on which no flow runs, and for looking into one on which a flow does. May import all of recovery. */
export { type SnapshotSummary, listSnapshots } from "./list-snapshots.ts";
export { type PartContent, type SnapshotContent, type StepContent, inspectSnapshot } from "./inspect-snapshot.ts";
export { type PartitionOf, getValue } from "./get-value.ts";
export { type RepartitionOptions, repartition } from "./repartition.ts";
export { type ImportOptions, importSnapshot } from "./import-snapshot.ts";
