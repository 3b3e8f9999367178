import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../../runtime/recovery/stores/index.ts";
import type { Store } from "../../../runtime/recovery/types.ts";
import { type S3Fault, type S3Operation, startFakeS3 } from "../../fakes/s3-server.ts";
import { storeContract } from "./store-contract.ts";

const s3 = await startFakeS3();
const env = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "hunter2" };
afterAll(() => s3.close());
beforeEach(() => {
  s3.fault = undefined;
  s3.pageSize = 1000;
  s3.requests.length = 0;
});

let count = 0;
const open = (timeoutMs?: number): Store => openStore(`s3://bucket/prefix-${count}`, { endpoint: s3.endpoint, env, timeoutMs });
const fresh = (timeoutMs?: number): Store => {
  count += 1;
  return open(timeoutMs);
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

storeContract("S3", async () => ({ store: fresh(), again: () => open() }));

/** The first `times` requests of an operation go wrong. */
function first(operation: S3Operation, fault: S3Fault, times = 1): void {
  let left = times;
  s3.fault = (request) => (request.operation === operation && (left -= 1) >= 0 ? fault : undefined);
}

describe("S3 on a bad day", () => {
  test.each(["500", "503", "500-after", "cut", "cut-before", "409"] as const)(
    "a conditional write that meets %s took place once",
    async (fault) => {
      const store = fresh();
      const version = await store.putIf("manifest.json", bytes("a"), undefined);
      first("PutObject", fault);
      const next = await store.putIf("manifest.json", bytes("b"), version);
      expect(await store.get("manifest.json")).toEqual({ bytes: bytes("b"), version: next });
      await store.close();
    },
  );

  test("a conditional write whose every answer is lost is settled by reading back", async () => {
    const store = fresh();
    first("PutObject", "cut", 1000);
    const version = await store.putIf("manifest.json", bytes("a"), undefined);
    s3.fault = undefined;
    expect(await store.get("manifest.json")).toEqual({ bytes: bytes("a"), version });
    await store.close();
  });

  test("a conditional write that never takes place is a failure, not a refusal", async () => {
    const store = fresh();
    first("PutObject", "500", 1000);
    await expect(store.putIf("manifest.json", bytes("a"), undefined)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    await store.close();
  });

  test("a write whose answer is lost and that another then replaces is refused", async () => {
    const store = fresh();
    const version = await store.putIf("manifest.json", bytes("a"), undefined);
    const path = `bucket/prefix-${count}/manifest.json`;
    s3.fault = (request) => {
      if (request.operation !== "PutObject") return undefined;
      s3.objects.set(path, { bytes: Buffer.from("theirs"), etag: '"theirs"' });
      return "cut";
    };
    await expect(store.putIf("manifest.json", bytes("b"), version)).rejects.toMatchObject({ code: "WEIR_STORE_PRECONDITION" });
    await store.close();
  });

  test("an answer that never comes is an error in time", async () => {
    const store = fresh(300);
    first("GetObject", "stall", 1000);
    const started = performance.now();
    await expect(store.get("manifest.json")).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    expect(performance.now() - started).toBeLessThan(5_000);
    await store.close();
  });

  test("a slow answer is waited for", async () => {
    const store = fresh();
    first("GetObject", { slowMs: 200 });
    expect(await store.get("manifest.json")).toBeUndefined();
    await store.close();
  });

  test("reads, listings and deletions are tried again", async () => {
    const store = fresh();
    await store.put("delta/x", bytes("x"));
    for (const operation of ["GetObject", "ListObjectsV2", "DeleteObjects"] as const) {
      first(operation, "503");
      if (operation === "GetObject") expect((await store.get("delta/x"))!.bytes).toEqual(bytes("x"));
      if (operation === "ListObjectsV2") expect(await store.list("delta/")).toEqual(["delta/x"]);
      if (operation === "DeleteObjects") await store.delete(["delta/x"]);
    }
    expect(await store.list("")).toEqual([]);
    await store.close();
  });
});

test("a listing goes through all pages", async () => {
  const store = fresh();
  s3.pageSize = 3;
  const names = Array.from({ length: 10 }, (_, i) => `delta/${i}`);
  for (const name of names) await store.put(name, bytes(name));
  expect(await store.list("delta/")).toEqual(names);
  expect(s3.requests.filter((request) => request.operation === "ListObjectsV2")).toHaveLength(4);
  await store.close();
});

test("more deletions than fit in a request go into several", async () => {
  const store = fresh();
  const names = Array.from({ length: 1200 }, (_, i) => `delta/${i}`);
  for (const name of names) s3.objects.set(`bucket/prefix-${count}/${name}`, { bytes: Buffer.alloc(0), etag: '"x"' });
  await store.delete(names);
  expect(await store.list("")).toEqual([]);
  expect(s3.requests.filter((request) => request.operation === "DeleteObjects")).toHaveLength(2);
  await store.close();
});

test("errors say what was asked and what was answered, and never the secret", async () => {
  const store = fresh();
  s3.fault = () => "500";
  const error = await store.get("delta/x").catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({
    code: "WEIR_STORE_FAILED",
    message: expect.stringMatching(/s3:\/\/bucket\/prefix-\d+: reading delta\/x: 500 InternalError/),
  });
  const whole = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack);
  expect(whole).not.toContain("hunter2");
  await store.close();
});

test("a server that is not there is an error that says so", async () => {
  const store = openStore("s3://bucket/x", { endpoint: "http://127.0.0.1:9", env });
  await expect(store.get("manifest.json")).rejects.toMatchObject({
    code: "WEIR_STORE_FAILED",
    message: expect.stringContaining("ECONNREFUSED"),
  });
  await store.close();
});
