/** Reading snapshots. May import stores, files, rows and the recovery types. */
export { type LoadOptions, loadSnapshot } from "./load-snapshot.ts";
export { type ThreadLoadOptions, loadSnapshotInThread } from "./load-in-thread.ts";
