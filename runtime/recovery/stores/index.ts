/** Stores: places that keep objects by name. May import errors, cloud and the recovery types. */
export { openStore } from "./open-store.ts";
export { parseStoreUrl, type StoreLocation } from "./store-url.ts";
export { createFileStore, type FileStoreOptions } from "./file-store.ts";
export {
  createMemoryStore,
  type MemoryStore,
  type MemoryStoreOptions,
  type StoreFault,
  type StoreOperation,
} from "./memory-store.ts";
