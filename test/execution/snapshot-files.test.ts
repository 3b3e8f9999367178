import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSnapshotFiles, partitionsOf, processOf } from "../../runtime/execution/snapshot-files.ts";
import { hashName, partitionOf } from "../../runtime/flow/index.ts";
import { createRowPacker, forEachRow, openStore } from "../../runtime/recovery/index.ts";
import type { RowBatch, Snapshot } from "../../runtime/recovery/types.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-snapshot-files-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const partitions = 8;

/** Keys 0 … count - 1 with incompressible values, sealed by process 0. */
async function written(name: string, count: number, cacheDirectory?: string) {
  const url = `file://${directory}/${name}`;
  const store = openStore(url);
  const files = openSnapshotFiles({ store, address: { url }, flow: "flow", hash: hashName, process: 0, cacheDirectory });
  const writer = files.writer(1, partitions);
  const packer = createRowPacker();
  for (let key = 0; key < count; key++) {
    const value = crypto.getRandomValues(new Uint8Array(400));
    packer.state("sum", 1, partitionOf(`k${key}`, partitions), `k${key}`, value);
  }
  packer.part("in", 1, "a", new Uint8Array([1]));
  writer.add(packer.take());
  const sealed = await writer.seal(1);
  await writer.close();
  const snapshot: Snapshot = { epoch: 1, execution: 1, time: "", steps: sealed.steps, files: sealed.files };
  return { store, files, snapshot };
}
async function keysOf(batches: AsyncIterable<RowBatch>): Promise<{ keys: number; parts: number }> {
  const found = { keys: 0, parts: 0 };
  for await (const batch of batches) forEachRow(batch, { state: () => void found.keys++, part: () => void found.parts++ });
  return found;
}
const all = Array.from({ length: partitions }, (_, partition) => partition);

test.each([
  ["small, in this thread", 100],
  ["big, in a thread of its own", 15_000],
])("loads the rows of its partitions and all positions: %s", async (what, count) => {
  const { files, snapshot } = await written(what.slice(0, 3), count);
  const of = (wanted: number[]): number =>
    Array.from({ length: count }, (_, key) => partitionOf(`k${key}`, partitions)).filter((p) => wanted.includes(p)).length;
  expect(await keysOf(files.load(snapshot, [1, 5], true))).toEqual({ keys: of([1, 5]), parts: 1 });
  expect(await keysOf(files.load(snapshot, all, true))).toEqual({ keys: count, parts: 1 });
  expect(await keysOf(files.load(snapshot, all, false))).toEqual({ keys: count, parts: 0 });
});

test("copies are shared: what was written is not fetched again", async () => {
  const cache = join(directory, "copies");
  const { store, files, snapshot } = await written("copied", 100, cache);
  expect(readdirSync(cache)).toEqual([snapshot.files[0]!.sha256]);
  await store.delete([snapshot.files[0]!.path]);
  expect(await keysOf(files.load(snapshot, all, true))).toEqual({ keys: 100, parts: 1 });
});

test("fetches ahead, and a failure to do so is no failure", async () => {
  const { store, snapshot } = await written("ahead", 100);
  const cache = join(directory, "ahead-copies");
  const standing = openSnapshotFiles({ store, flow: "flow", hash: hashName, process: 1, cacheDirectory: cache });
  standing.preload(
    { ...snapshot, files: [{ ...snapshot.files[0]!, path: "delta/0000000001-0000000009-0000000000.sqlite.zst" }] },
    all,
    false,
  );
  standing.preload(snapshot, all, false);
  await expect.poll(() => readdirSync(cache)).toEqual([snapshot.files[0]!.sha256]);
  standing.close();
});

test("what was read ahead beside a running flow is not read again: only what came after it", async () => {
  const { store, files, snapshot } = await written("beside", 3_000);
  await files.preload(snapshot, [1, 5], true);
  await store.delete([snapshot.files[0]!.path]);
  const of = Array.from({ length: 3_000 }, (_, key) => partitionOf(`k${key}`, partitions)).filter((p) => p === 1 || p === 5).length;
  expect((await keysOf(files.load(snapshot, [1, 5], false))).keys).toBe(of);
  await expect(keysOf(files.load(snapshot, [1, 5], false))).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_MISSING" });
});

test("a wave that is given up rejects", async () => {
  const { files, snapshot } = await written("wave", 15_000);
  const plan = { execution: 1, epoch: 1, replaces: snapshot.files, bases: [], whole: true };
  const given = new AbortController();
  const share = files.compact(plan, all, partitions, given.signal);
  given.abort();
  await expect(share).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
});

test("who owns what", () => {
  const assignment = [0, 1, 2, 3, 0, 1, 2, 3];
  expect(partitionsOf(assignment, 1, 2)).toEqual([2, 3, 6, 7]);
  expect(partitionsOf(assignment, 3, 1)).toEqual([3, 7]);
  expect(processOf("a", assignment, 2)).toBe(Math.floor(assignment[partitionOf("a", 8)]! / 2));
});
