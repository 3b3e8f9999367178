/** Picks the writer: a thread of its own for a store's address, this thread for a store. */
import { invariant } from "../../errors/index.ts";
import type { Store, StoreAddress } from "../types.ts";
import { openStore } from "../stores/index.ts";
import { createInlineWriter } from "./inline-writer.ts";
import type { SnapshotWriter, SnapshotWriterOptions } from "./types.ts";

const defaultHighWaterBytes = 256 * 1024 * 1024;

export function createSnapshotWriter(options: SnapshotWriterOptions): SnapshotWriter {
  const { store, inline, highWaterBytes = defaultHighWaterBytes, flow, execution, process, hash, partitions } = options;
  const identity = { flow, execution, process, hash, partitions };
  if (isStore(store)) {
    invariant(inline !== false, "a writer thread opens its own store: pass the address");
    return createInlineWriter(store, identity, highWaterBytes);
  }
  return createInlineWriter(openStore(store.url, store), identity, highWaterBytes);
}

function isStore(store: Store | StoreAddress): store is Store {
  return "putIf" in store;
}
