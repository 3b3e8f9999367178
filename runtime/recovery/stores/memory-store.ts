/**
 * Objects in memory, for tests and simulation: deterministic, and wrong on request. Without faults it keeps the same promises
 * as any store; with them it behaves as a cloud on a bad day, through the same code that settles conditional writes.
 */
import { createHash } from "node:crypto";
import { WeirError } from "../../errors/index.ts";
import type { Store, StoredObject } from "../types.ts";
import { type WriteOutcome, settleConditionalWrite } from "./conditional-write.ts";

export type StoreOperation = "get" | "put" | "putIf" | "list" | "delete";
/**
 * What goes wrong with one operation: `before` fails and does nothing; `after` does it and loses the answer; `twice` does it two
 * times, as a client does that repeats a request (a conditional write is then refused by itself); `stall` waits for ever, or
 * until the store is released.
 */
export type StoreFault = "before" | "after" | "twice" | "stall";

export interface MemoryStoreOptions {
  readonly url?: string;
  /** Asked at the start of each operation, `read-back` reads of a conditional write included. */
  readonly fault?: ((operation: StoreOperation, name: string) => StoreFault | undefined) | undefined;
  /** Awaited at the start of each operation: a slow store, or a simulation's schedule. */
  readonly delay?: ((operation: StoreOperation, name: string) => Promise<void>) | undefined;
}
export interface MemoryStore extends Store {
  /** The objects themselves, for tests to read, alter and copy. */
  readonly objects: Map<string, Uint8Array>;
  /** Ends the stalls: what waited goes on as if nothing had been. */
  release(): void;
}

/** @param objects what another store of the same "cloud" holds: stores that share it see each other's writes. */
export function createMemoryStore(options: MemoryStoreOptions = {}, objects: Map<string, Uint8Array> = new Map()): MemoryStore {
  const url = options.url ?? "memory://test";
  let stalled: (() => void)[] = [];

  async function operate<T>(operation: StoreOperation, name: string, action: () => T): Promise<T> {
    // One turn of the event loop's microtasks at least, as with any store.
    await options.delay?.(operation, name);
    const fault = options.fault?.(operation, name);
    if (fault === "stall") await new Promise<void>((resolve) => stalled.push(resolve));
    if (fault === "before") throw lost(operation, name);
    const result = action();
    if (fault === "twice") return action();
    if (fault === "after") throw lost(operation, name);
    return result;
  }
  function lost(operation: StoreOperation, name: string): WeirError {
    return new WeirError("WEIR_STORE_FAILED", `${url}: ${operation} ${name}: injected fault`);
  }
  function read(name: string): StoredObject | undefined {
    const bytes = objects.get(name);
    return bytes === undefined ? undefined : { bytes: Uint8Array.from(bytes), version: versionOf(bytes) };
  }
  return {
    url,
    objects,
    release() {
      const waiting = stalled;
      stalled = [];
      for (const resume of waiting) resume();
    },
    get: (name) => operate("get", name, () => read(name)),
    put: (name, bytes) => operate("put", name, () => void objects.set(name, Uint8Array.from(bytes))),
    putIf(name, bytes, version) {
      const attempt = async (): Promise<WriteOutcome> => {
        try {
          return await operate("putIf", name, (): WriteOutcome => {
            const current = objects.get(name);
            if ((current === undefined ? undefined : versionOf(current)) !== version) return { kind: "refused" };
            objects.set(name, Uint8Array.from(bytes));
            return { kind: "written", version: versionOf(bytes) };
          });
        } catch (cause) {
          return { kind: "unknown", cause };
        }
      };
      return settleConditionalWrite(attempt, () => operate("get", name, () => read(name)), bytes, version, `${url}: ${name}`);
    },
    list: (prefix) => operate("list", prefix, () => [...objects.keys()].filter((name) => name.startsWith(prefix)).toSorted()),
    delete: (names) =>
      operate("delete", names.join(" "), () => {
        for (const name of names) objects.delete(name);
      }),
    close: () => Promise.resolve(),
  };
}

function versionOf(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}
