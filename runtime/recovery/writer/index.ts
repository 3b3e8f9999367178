/** The writer of deltas. May import stores, files, rows and the recovery types. */
export { createDeltaWriter, type DeltaWriter } from "./delta-writer.ts";
export { createSnapshotWriter } from "./create-snapshot-writer.ts";
export type { Sealed, SnapshotWriter, SnapshotWriterOptions, WriterIdentity } from "./types.ts";
