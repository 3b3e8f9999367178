import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { createFileStore, openStore } from "../../../runtime/recovery/stores/index.ts";
import { storeContract } from "./store-contract.ts";

const root = await mkdtemp(join(tmpdir(), "weir-file-store-"));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;
const directory = (): string => join(root, `store ${(count += 1)}`, "deep");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (object: { bytes: Uint8Array } | undefined): string => new TextDecoder().decode(object?.bytes);

storeContract("a directory", async () => {
  const url = pathToFileURL(directory()).href;
  return { store: openStore(url), again: () => openStore(url) };
});

function child(url: string, who: string, times: number) {
  const script = new URL("./cas-child.ts", import.meta.url).pathname;
  return spawn(process.execPath, [script, url, who, String(times)], { stdio: ["ignore", "pipe", "inherit"] });
}
async function linesOf(process: ReturnType<typeof child>): Promise<number[]> {
  let output = "";
  process.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(process, "close");
  return output.trim().split("\n").filter(Boolean).map(Number);
}

describe("a directory that processes share", () => {
  test("loses no write of four processes", async () => {
    const path = directory();
    const url = pathToFileURL(path).href;
    const seen = (await Promise.all([1, 2, 3, 4].map((who) => linesOf(child(url, String(who), 25))))).flat();
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(Number.parseInt(text(await openStore(url).get("manifest.json")), 10)).toBe(100);
  });

  test("is neither locked nor torn by processes that are killed in the middle", async () => {
    const url = pathToFileURL(directory()).href;
    const store = openStore(url);
    let confirmed = 0;
    for (let round = 0; round < 4; round += 1) {
      const victim = child(url, `victim ${round}`, 100_000);
      const lines = linesOf(victim);
      await once(victim.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      victim.kill("SIGKILL");
      confirmed = Math.max(confirmed, ...(await lines));
      const current = await store.get("manifest.json");
      expect(text(current)).toMatch(/^\d+ by victim \d+$/);
      // One write may have taken place whose answer the victim could not print.
      const value = Number.parseInt(text(current), 10);
      expect(value).toBeGreaterThanOrEqual(confirmed);
      expect(value).toBeLessThanOrEqual(confirmed + 1);
      confirmed = value + 1;
      await store.putIf("manifest.json", bytes(`${confirmed} by survivor ${round}`), current?.version);
    }
  });
});

describe("a crash in the middle of a write to a directory", () => {
  test.each(["write", "sync", "rename"] as const)("before the %s leaves the old object", async (at) => {
    const path = directory();
    await openStore(pathToFileURL(path).href).putIf("manifest.json", bytes("old"), undefined);
    let armed = false;
    const store = createFileStore("file:///x", path, {
      onStep(step) {
        if (armed && step === at) throw new Error("power cut");
      },
    });
    const { version } = (await store.get("manifest.json"))!;
    armed = true;
    await expect(store.putIf("manifest.json", bytes("new"), version)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    await expect(store.put("delta/x", bytes("new"))).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    expect(text(await store.get("manifest.json"))).toBe("old");
    expect(await store.list("")).toEqual(["manifest.json"]);
  });

  test("leaves temporary files that no listing shows, and that are swept up a day later", async () => {
    const path = directory();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, ".manifest.json.123.tmp"), "half");
    await writeFile(join(path, ".manifest.json.456.tmp"), "half, of the day before yesterday");
    const old = new Date(Date.now() - 48 * 60 * 60 * 1000);
    await utimes(join(path, ".manifest.json.456.tmp"), old, old);
    const store = openStore(pathToFileURL(path).href);
    expect(await store.list("")).toEqual([]);
    expect(await readdir(path)).toEqual([".manifest.json.123.tmp"]);
    await store.putIf("manifest.json", bytes("whole"), undefined);
    expect(await store.list("")).toEqual(["manifest.json"]);
  });
});

test("a directory that cannot be written is an error that names it", async () => {
  const path = directory();
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "a file, not a directory");
  const store = openStore(pathToFileURL(path).href);
  await expect(store.put("delta/x", bytes("x"))).rejects.toMatchObject({
    code: "WEIR_STORE_FAILED",
    message: expect.stringContaining("delta/x"),
  });
  expect(await store.get("manifest.json")).toBeUndefined();
});

test("a write leaves no temporary file behind", async () => {
  const path = directory();
  const store = openStore(pathToFileURL(path).href);
  await store.put("delta/x", bytes("x"));
  await store.putIf("manifest.json", bytes("x"), undefined);
  expect((await readdir(path)).toSorted()).toEqual([".manifest.json.lock", "delta", "manifest.json"]);
  expect(await readdir(join(path, "delta"))).toEqual(["x"]);
});
