/** Going back to an earlier snapshot: once, whatever crashes on the way. */
import { beforeEach, expect, test } from "vitest";
import { claimStore, type ClaimOptions, type Restore } from "../../runtime/execution/claim.ts";
import { hashName, partitionOf } from "../../runtime/flow/index.ts";
import {
  commitSnapshot,
  createMemoryStore,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshot,
} from "../../runtime/recovery/index.ts";
import type { Snapshot, Store } from "../../runtime/recovery/types.ts";

let store: Store;
const options = (restore?: Restore, more: Partial<ClaimOptions> = {}): ClaimOptions => ({
  flow: "flow",
  hash: hashName,
  steps: ["sum", "in"],
  partitions: undefined,
  topology: { processes: 1, threads: 1 },
  keepTopology: false,
  allowDroppedState: false,
  owner: "a test",
  restore,
  ...more,
});

/** Goes on from what `claim` gives for one epoch, in which `key` gets `value`. */
async function epoch(into: Store, claim: ClaimOptions, key: string, value: string): Promise<Snapshot> {
  const { manifest, snapshot, restoring, dropped } = await claimStore(into, claim);
  const { execution, partitions } = manifest.manifest;
  const at = (snapshot?.epoch ?? 0) + 1;
  const writer = createSnapshotWriter({ store: into, flow: "flow", execution, process: 0, hash: hashName, partitions });
  const packer = createRowPacker();
  packer.state("sum", at, partitionOf(key, partitions), key, Buffer.from(value));
  packer.part("in", at, "a", Buffer.from(String(at)));
  writer.add(packer.take());
  const { files, steps } = await writer.seal(at);
  const next: Snapshot = {
    epoch: at,
    execution,
    time: "2026-01-01T00:00:00.000Z",
    steps: [...new Set([...(snapshot?.steps ?? []), ...steps])].toSorted(),
    files: [...(snapshot?.files ?? []), ...files],
    ...(dropped.length === 0 ? {} : { dropped }),
  };
  await commitSnapshot(into, manifest, next, { retain: 5, ...(restoring ? { restored: claim.restore!.id } : {}) });
  return next;
}
async function content(from: Store, snapshot: Snapshot | undefined): Promise<Record<string, string>> {
  const rows: Record<string, string> = {};
  for await (const batch of loadSnapshot(from, snapshot!, { partitions: () => true, parts: true })) {
    forEachRow(batch, {
      state: (step, _partition, key, value) => void (rows[`${step}/${key}`] = Buffer.from(value!).toString()),
      part: (step, part, value) => void (rows[`${step}/${part}`] = Buffer.from(value).toString()),
    });
  }
  return rows;
}

beforeEach(async () => {
  store = createMemoryStore({ url: "memory://own" });
  for (const [key, value] of [
    ["x", "1"],
    ["y", "2"],
    ["x", "3"],
  ] as const)
    await epoch(store, options(), key, value);
});

test("without a request the newest is gone on from", async () => {
  const { snapshot, restoring } = await claimStore(store, options());
  expect(restoring).toBe(false);
  expect(await content(store, snapshot)).toEqual({ "sum/x": "3", "sum/y": "2", "in/a": "3" });
});

test("a request holds until a commit that came out of it, and not longer", async () => {
  const back = options({ epoch: 1, id: "once" });
  // Crashes before any commit.
  for (let life = 0; life < 2; life++) expect((await claimStore(store, back)).snapshot?.epoch).toBe(1);
  await epoch(store, back, "z", "9");
  const again = await claimStore(store, back);
  expect(again.restoring).toBe(false);
  expect(await content(store, again.snapshot)).toEqual({ "sum/x": "1", "sum/z": "9", "in/a": "2" });
  // Another request is another matter.
  const other = await claimStore(store, options({ epoch: 1, id: "twice" }));
  expect([other.restoring, other.snapshot?.epoch]).toEqual([true, 1]);
});

test("a request without a name holds each time", async () => {
  await epoch(store, options({ epoch: 1 }), "z", "9");
  expect((await claimStore(store, options({ epoch: 1 }))).snapshot?.epoch).toBe(1);
});

test("a store that is empty has nothing to go back to, and stays empty", async () => {
  const empty = createMemoryStore({ url: "memory://empty" });
  await expect(claimStore(empty, options({ epoch: 4 }))).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_NOT_RETAINED" });
  expect(await empty.list("")).toEqual([]);
});

test("another store's snapshot is taken over, for this store's partitions, and that store is left as it is", async () => {
  const own = createMemoryStore({ url: "memory://new" });
  const before = await store.get("manifest.json");
  const move = options({ from: store, epoch: 2, id: "move" }, { partitions: 4 });
  const claimed = await claimStore(own, move);
  expect(claimed.manifest.manifest).toMatchObject({ partitions: 4, snapshots: [] });
  expect(await content(own, claimed.snapshot)).toEqual({ "sum/x": "1", "sum/y": "2", "in/a": "2" });
  const committed = await epoch(own, move, "z", "9");
  expect(committed.epoch).toBe(3);
  const next = await claimStore(own, move);
  expect(await content(own, next.snapshot)).toEqual({ "sum/x": "1", "sum/y": "2", "sum/z": "9", "in/a": "3" });
  expect((await store.get("manifest.json"))!.version).toBe(before!.version);
});

test("another store's newest, over state that is here already", async () => {
  const own = createMemoryStore({ url: "memory://used" });
  await epoch(own, options(), "old", "0");
  const { snapshot } = await claimStore(own, options({ from: store, id: "move" }));
  expect(await content(own, snapshot)).toEqual({ "sum/x": "3", "sum/y": "2", "in/a": "3" });
});

test("another store's state fits the flow, or nothing is written here", async () => {
  const own = createMemoryStore({ url: "memory://new" });
  const refusals = [
    [options({ from: store, epoch: 9 }), "WEIR_SNAPSHOT_NOT_RETAINED"],
    [options({ from: createMemoryStore({ url: "memory://nothing" }) }), "WEIR_SNAPSHOT_NOT_RETAINED"],
    [options({ from: store }, { flow: "another" }), "WEIR_STORE_FLOW"],
    [options({ from: store }, { steps: ["in"] }), "WEIR_STATE_DROPPED"],
  ] as const;
  for (const [claim, code] of refusals) await expect(claimStore(own, claim)).rejects.toMatchObject({ code });
  expect(await own.list("")).toEqual([]);
});

test("state that is dropped on the way does not come back with its step", async () => {
  const own = createMemoryStore({ url: "memory://new" });
  const move = options({ from: store, id: "move" }, { steps: ["in"], allowDroppedState: true });
  const { snapshot } = await claimStore(own, move);
  expect(snapshot!.steps).toEqual(["in"]);
  expect(await content(own, snapshot)).toEqual({ "in/a": "3" });
});
