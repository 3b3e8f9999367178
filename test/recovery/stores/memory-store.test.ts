import { describe, expect, test } from "vitest";
import { type StoreFault, type StoreOperation, createMemoryStore, openStore } from "../../../runtime/recovery/index.ts";
import { storeContract } from "./store-contract.ts";

storeContract("memory", async () => {
  const objects = new Map<string, Uint8Array>();
  return { store: createMemoryStore({}, objects), again: () => createMemoryStore({}, objects) };
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Faults by the operation's number, from 0. */
function faulty(faults: Partial<Record<number, StoreFault>>, seen: StoreOperation[] = []) {
  return createMemoryStore({
    fault(operation) {
      seen.push(operation);
      return faults[seen.length - 1];
    },
  });
}

describe("a memory store with faults", () => {
  test("says that a write took place though its answer was lost", async () => {
    const store = faulty({ 0: "after", 2: "after" });
    const first = await store.putIf("manifest.json", bytes("a"), undefined);
    const second = await store.putIf("manifest.json", bytes("b"), first);
    expect((await store.get("manifest.json"))!.version).toBe(second);
  });

  test("says that a write took place though its repetition was refused", async () => {
    const store = faulty({ 0: "twice" });
    const version = await store.putIf("manifest.json", bytes("a"), undefined);
    expect((await store.get("manifest.json"))!.version).toBe(version);
  });

  test("does not call a write refused that failed before it took place", async () => {
    const store = faulty({ 0: "before" });
    await expect(store.putIf("manifest.json", bytes("a"), undefined)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    expect(store.objects.size).toBe(0);
  });

  test("does not claim to know when reading back fails too", async () => {
    const store = faulty({ 0: "after", 1: "before" });
    await expect(store.putIf("manifest.json", bytes("a"), undefined)).rejects.toMatchObject({
      code: "WEIR_STORE_FAILED",
      message: expect.stringContaining("not known"),
    });
  });

  test("tells a lost answer from another's write that followed", async () => {
    const objects = new Map<string, Uint8Array>();
    const other = createMemoryStore({}, objects);
    const version = await other.putIf("manifest.json", bytes("a"), undefined);
    const store = createMemoryStore({ fault: (operation) => (operation === "putIf" ? "before" : undefined) }, objects);
    await other.putIf("manifest.json", bytes("theirs"), version);
    await expect(store.putIf("manifest.json", bytes("ours"), version)).rejects.toMatchObject({ code: "WEIR_STORE_PRECONDITION" });
  });

  test("waits while stalled and goes on when released", async () => {
    const store = faulty({ 0: "stall" });
    let done = false;
    const put = store.put("delta/x", bytes("x")).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(done).toBe(false);
    store.release();
    await put;
    expect(store.objects.has("delta/x")).toBe(true);
  });
});

test("memory://name is one store for all who open it", async () => {
  await openStore("memory://shared/here").put("delta/x", bytes("x"));
  expect(await openStore("memory://shared/here").list("")).toEqual(["delta/x"]);
  expect(await openStore("memory://shared/there").list("")).toEqual([]);
});
