import { mkdtemp, readdir, rm, writeFile as write } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type SnapshotFile, createMemoryStore } from "../../../runtime/recovery/index.ts";
import { openFileCache, sha256 } from "../../../runtime/recovery/files/index.ts";

const root = await mkdtemp(join(tmpdir(), "weir-cache-"));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;
const directory = (): string => join(root, String((count += 1)), "cache");

async function world(files: number, size = 100) {
  let reads = 0;
  const store = createMemoryStore({ fault: (operation) => void (operation === "get" && (reads += 1)) });
  const made: SnapshotFile[] = [];
  for (let i = 0; i < files; i += 1) {
    const bytes = Buffer.alloc(size, i + 1);
    await store.put(`delta/${i}`, bytes);
    made.push({ path: `delta/${i}`, bytes: size, sha256: sha256(bytes) });
  }
  return { store, files: made, reads: () => reads };
}

test("a file is fetched once", async () => {
  const { store, files, reads } = await world(3);
  const path = directory();
  await (await openFileCache(path)).prefetch(store, files);
  expect(reads()).toBe(3);
  const source = (await openFileCache(path)).source(store);
  for (const file of files) expect(sha256(await source(file))).toBe(file.sha256);
  expect(reads()).toBe(3);
});

test("a damaged copy is fetched anew", async () => {
  const { store, files, reads } = await world(1);
  const path = directory();
  const cache = await openFileCache(path);
  await cache.prefetch(store, files);
  await write(join(path, files[0]!.sha256), Buffer.alloc(100, 9));
  expect(sha256(await cache.source(store)(files[0]!))).toBe(files[0]!.sha256);
  expect(reads()).toBe(2);
});

test("the least recently used copies go when it is full", async () => {
  const { store, files } = await world(6);
  const path = directory();
  const cache = await openFileCache(path, { maxBytes: 350 });
  for (const file of files) {
    await cache.source(store)(file);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect((await readdir(path)).toSorted()).toEqual(
    files
      .slice(3)
      .map((file) => file.sha256)
      .toSorted(),
  );
});

test("a missing file is an error of prefetching too, and an aborted one stops quietly", async () => {
  const { store, files } = await world(2);
  store.objects.delete("delta/1");
  const cache = await openFileCache(directory());
  await expect(cache.prefetch(store, files)).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_MISSING" });
  await cache.prefetch(store, files, AbortSignal.abort());
});
