/** The writer of deltas. May import stores, files, rows and the recovery types. */
export { createSnapshotWriter } from "./create-snapshot-writer.ts";
export type { Sealed, SnapshotWriter, SnapshotWriterOptions, WriterIdentity } from "./types.ts";
