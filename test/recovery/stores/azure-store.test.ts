import { afterAll, describe, expect, test } from "vitest";
import { openStore } from "../../../runtime/recovery/stores/index.ts";
import type { Store } from "../../../runtime/recovery/types.ts";
import { startAzurite } from "../../fakes/azurite.ts";
import { startCuttingProxy } from "../../fakes/cutting-proxy.ts";
import { storeContract } from "./store-contract.ts";

const azurite = await startAzurite();
afterAll(() => azurite.close());
const { BlobServiceClient } = await import("@azure/storage-blob");
await BlobServiceClient.fromConnectionString(azurite.connectionString).createContainer("states");

let count = 0;
const open = (): Store => openStore(`azure://states/prefix-${count}`, { endpoint: azurite.endpoint, env: azurite.env });
storeContract("Azure", async () => {
  count += 1;
  return { store: open(), again: open };
});

test("a connection string alone is enough", async () => {
  const store = openStore("azure://states/by-string", { env: { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString } });
  await store.put("delta/x", new Uint8Array([1]));
  expect(await store.list("")).toEqual(["delta/x"]);
});

test("a container that does not exist is an error, not an empty store", async () => {
  const store = openStore("azure://nowhere/x", { endpoint: azurite.endpoint, env: azurite.env });
  const missing = { code: "WEIR_STORE_FAILED", message: expect.stringContaining("ContainerNotFound") };
  await expect(store.get("manifest.json")).rejects.toMatchObject(missing);
  await expect(store.putIf("manifest.json", new Uint8Array([1]), undefined)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
});

test("without credentials the error says which variables to set", async () => {
  const store = openStore("azure://states/x", { env: {} });
  await expect(store.get("manifest.json")).rejects.toMatchObject({
    code: "WEIR_STORE_FAILED",
    message: expect.stringContaining("AZURE_STORAGE_CONNECTION_STRING"),
  });
});

test("a wrong key is an error that does not show it", async () => {
  const wrong = Buffer.from("hunter2hunter2").toString("base64");
  const store = openStore("azure://states/x", { endpoint: azurite.endpoint, env: { ...azurite.env, AZURE_STORAGE_KEY: wrong } });
  const error = await store.get("manifest.json").catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({ code: "WEIR_STORE_FAILED", message: expect.stringContaining("403") });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(wrong);
});

describe("Azure on a bad day", () => {
  test.each(["cut", "cut-before", 500, 503] as const)("a conditional write that meets %s took place once", async (fault) => {
    const target = new URL(azurite.endpoint);
    const proxy = await startCuttingProxy(Number(target.port));
    const store = openStore(`azure://states/bad-${fault}`, {
      endpoint: `http://127.0.0.1:${proxy.port}${target.pathname}`,
      env: azurite.env,
    });
    const version = await store.putIf("manifest.json", Buffer.from("a"), undefined);
    let left = 1;
    proxy.fault = (method) => (method === "PUT" && (left -= 1) >= 0 ? fault : undefined);
    const next = await store.putIf("manifest.json", Buffer.from("b"), version);
    expect(left).toBeLessThanOrEqual(0);
    const found = await store.get("manifest.json");
    expect({ text: Buffer.from(found!.bytes).toString(), version: found!.version }).toEqual({ text: "b", version: next });
    await proxy.close();
  });
});
