/** Picks the writer: a thread of its own for a store's address, this thread for a store. */
import { invariant } from "../../errors/index.ts";
import type { Store, StoreAddress } from "../types.ts";
import { openStore, parseStoreUrl } from "../stores/index.ts";
import { createInlineWriter } from "./inline-writer.ts";
import { createThreadWriter } from "./thread-writer.ts";
import type { SnapshotWriter, SnapshotWriterOptions } from "./types.ts";

const defaultHighWaterBytes = 128 * 1024 * 1024;

export function createSnapshotWriter(options: SnapshotWriterOptions): SnapshotWriter {
  const { store, inline, highWaterBytes = defaultHighWaterBytes, partBytes, flow, execution, process, hash, partitions } = options;
  const identity = { flow, execution, process, hash, partitions };
  if (isStore(store)) {
    invariant(inline !== false, "a writer thread opens its own store: pass the address");
    return createInlineWriter(store, identity, highWaterBytes, partBytes);
  }
  if (inline === true) return createInlineWriter(openStore(store.url, store), identity, highWaterBytes, partBytes);
  // A wrong address is refused here and not only when the thread has started.
  parseStoreUrl(store.url);
  return createThreadWriter({ address: store, identity, cacheDirectory: options.cacheDirectory, partBytes }, highWaterBytes);
}

function isStore(store: Store | StoreAddress): store is Store {
  return "putIf" in store;
}
