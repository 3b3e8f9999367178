import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import {
  type RowBatch,
  type Snapshot,
  type SnapshotWriter,
  type Store,
  compactInThread,
  createMemoryStore,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshot,
  loadSnapshotInThread,
  openStore,
} from "../../../runtime/recovery/index.ts";

const root = await mkdtemp(join(tmpdir(), "weir-writer-"));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;
const identity = { flow: "f", hash: "h", partitions: 4, execution: 3, process: 1 };
const all = { partitions: () => true, parts: true };

function batch(rows: Record<string, string | undefined>, epoch: number): RowBatch {
  const packer = createRowPacker();
  for (const [key, value] of Object.entries(rows))
    packer.state("s", epoch, key.length % 4, key, value === undefined ? undefined : Buffer.from(value));
  return packer.take();
}
async function content(batches: AsyncIterable<RowBatch>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const each of batches) {
    forEachRow(each, {
      state(_step, _partition, key, value) {
        if (value === undefined) delete found[key];
        else found[key] = Buffer.from(value).toString();
      },
    });
  }
  return found;
}
const snapshotOf = (files: Snapshot["files"], epoch = 1): Snapshot => ({ epoch, execution: 3, time: "", steps: ["s"], files });

describe.each<[string, () => { writer: (highWaterBytes?: number) => SnapshotWriter; store: Store }]>([
  [
    "in this thread",
    () => {
      const store = createMemoryStore();
      return { store, writer: (highWaterBytes) => createSnapshotWriter({ ...identity, store, highWaterBytes }) };
    },
  ],
  [
    "in a thread of its own",
    () => {
      const url = pathToFileURL(join(root, String((count += 1)))).href;
      return {
        store: openStore(url),
        writer: (highWaterBytes) => createSnapshotWriter({ ...identity, store: { url }, highWaterBytes }),
      };
    },
  ],
])("a snapshot writer %s", (_name, make) => {
  test("puts each row into the first delta that covers it, and only there", async () => {
    const { store, writer: open } = make();
    const writer = open();
    writer.add(batch({ a: "1", b: "1" }, 1));
    writer.add(batch({ a: "3", c: "3" }, 3));
    writer.add(batch({ b: undefined }, 2));
    const first = await writer.seal(2);
    expect(first.files.map((file) => file.path)).toEqual(["delta/0000000003-0000000002-0000000001.sqlite.zst"]);
    expect(first).toMatchObject({ steps: ["s"], bytes: first.files[0]!.bytes });
    expect(await content(loadSnapshot(store, snapshotOf(first.files), all))).toEqual({ a: "1" });
    const second = await writer.seal(5);
    expect(await content(loadSnapshot(store, snapshotOf(second.files), all))).toEqual({ a: "3", c: "3" });
    expect(await content(loadSnapshot(store, snapshotOf([...second.files, ...first.files]), all))).toEqual({ a: "3", c: "3" });
    await writer.close();
  });

  test("writes nothing when nothing has changed", async () => {
    const { store, writer: open } = make();
    const writer = open();
    writer.add(batch({}, 1));
    writer.add(batch({ later: "x" }, 9));
    expect(await writer.seal(1)).toMatchObject({ files: [], steps: [], bytes: 0 });
    expect(await store.list("")).toEqual([]);
    await writer.close();
  });

  test("has a file in the store when it says so, also with several seals under way", async () => {
    const { store, writer: open } = make();
    const writer = open();
    const seals = [1, 2, 3, 4].map((epoch) => {
      writer.add(batch({ [`k${epoch}`]: String(epoch) }, epoch));
      return writer.seal(epoch).then(async (sealed) => {
        expect(await store.get(sealed.files[0]!.path)).toBeDefined();
        return sealed.files[0]!;
      });
    });
    expect(await content(loadSnapshot(store, snapshotOf(await Promise.all(seals)), all))).toEqual({
      k1: "1",
      k2: "2",
      k3: "3",
      k4: "4",
    });
    await writer.close();
  });

  test("says when too much waits, and when it does not any more", async () => {
    const { writer: open } = make();
    const writer = open(1000);
    let relieved = 0;
    writer.onRelief(() => (relieved += 1));
    writer.add(batch({ small: "x" }, 1));
    expect(writer.congested()).toBe(false);
    writer.add(batch({ big: "x".repeat(2000) }, 1));
    expect(writer.congested()).toBe(true);
    expect(writer.queuedBytes()).toBeGreaterThan(2000);
    await writer.seal(1);
    expect(writer.congested()).toBe(false);
    expect(writer.queuedBytes()).toBe(0);
    expect(relieved).toBe(1);
    await writer.close();
  });

  test("takes a batch whose bytes are a view into a shared pool", async () => {
    const { store, writer: open } = make();
    const writer = open();
    const { bytes, ...rest } = batch({ a: "1" }, 1);
    writer.add({ ...rest, bytes: Buffer.from(bytes) });
    const { files } = await writer.seal(1);
    expect(Buffer.from("the pool is still ours").toString()).toBe("the pool is still ours");
    expect(await content(loadSnapshot(store, snapshotOf(files), all))).toEqual({ a: "1" });
    await writer.close();
  });
});

describe("in a thread", () => {
  test("a store that cannot be written is an error of ours, and the next seal is answered too", async () => {
    const writer = createSnapshotWriter({ ...identity, store: { url: "file:///dev/null/nowhere" } });
    writer.add(batch({ a: "1" }, 1));
    await expect(writer.seal(1)).rejects.toMatchObject({
      name: "WeirError",
      code: "WEIR_STORE_FAILED",
      message: expect.stringContaining("/dev/null/nowhere"),
    });
    expect(await writer.seal(2)).toMatchObject({ files: [] });
    await writer.close();
    await expect(writer.seal(3)).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
  });

  test("who waits for room learns that the thread has died, and the next seal says so", async () => {
    const url = pathToFileURL(join(root, "ending")).href;
    const writer = createSnapshotWriter({ ...identity, store: { url }, highWaterBytes: 10 });
    const relieved = new Promise<void>((resolve) => writer.onRelief(resolve));
    // Fewer bytes than rows: what no packer makes is a defect.
    writer.add({ steps: ["s"], bytes: new Uint8Array(50), rows: 9 });
    expect(writer.congested()).toBe(true);
    await relieved;
    expect(writer.congested()).toBe(false);
    await expect(writer.seal(1)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
  });

  test("who listens is let go of when it is closed", async () => {
    const url = pathToFileURL(join(root, "closing")).href;
    const writer = createSnapshotWriter({ ...identity, store: { url }, highWaterBytes: 10 });
    let relieved = 0;
    writer.onRelief(() => (relieved += 1));
    writer.add(batch({ a: "more than ten bytes" }, 1));
    await writer.close();
    expect(relieved).toBe(0);
  });

  test("a wrong URL is refused at once", () => {
    expect(() => createSnapshotWriter({ ...identity, store: { url: "gs://x/y" } })).toThrow(
      expect.objectContaining({ code: "WEIR_STORE_URL" }),
    );
  });

  test("loading gives what loading here gives, from the cache too, and can be left early", async () => {
    const url = pathToFileURL(join(root, "loading")).href;
    const store = openStore(url);
    const writer = createSnapshotWriter({ ...identity, store });
    const rows = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`key ${i}`, "v".repeat(i % 100)]));
    writer.add(batch(rows, 1));
    const { files } = await writer.seal(1);
    const options = { partitions: [0, 1, 2, 3], parts: true, cacheDirectory: join(root, "cache") };
    expect(await content(loadSnapshotInThread({ url }, snapshotOf(files), options))).toEqual(rows);
    await store.delete(files.map((file) => file.path));
    expect(await content(loadSnapshotInThread({ url }, snapshotOf(files), options))).toEqual(rows);
    for await (const first of loadSnapshotInThread({ url }, snapshotOf(files), options)) {
      expect(first.rows).toBeGreaterThan(0);
      break;
    }
    const { cacheDirectory: _, ...uncached } = options;
    await expect(content(loadSnapshotInThread({ url }, snapshotOf(files), uncached))).rejects.toMatchObject({
      code: "WEIR_SNAPSHOT_MISSING",
      message: expect.stringContaining(files[0]!.path),
    });
  });

  test("compaction gives the same files as here, and can be given up", async () => {
    const url = pathToFileURL(join(root, "compacting")).href;
    const store = openStore(url);
    const writer = createSnapshotWriter({ ...identity, store });
    writer.add(batch({ a: "1", bb: "1" }, 1));
    const first = await writer.seal(1);
    writer.add(batch({ a: "2", bb: undefined }, 2));
    const second = await writer.seal(2);
    const plan = { execution: 3, epoch: 2, replaces: [...first.files, ...second.files], bases: [], whole: true };
    const share = { identity, partitions: [0, 1, 2, 3], parts: true };
    const { files } = await compactInThread({ url }, plan, share);
    expect(files.map((file) => file.path)).toEqual(["delta/0000000003-0000000002-0000000001-merged.sqlite.zst"]);
    expect(await content(loadSnapshot(store, snapshotOf(files, 2), all))).toEqual({ a: "2" });
    const controller = new AbortController();
    const given = compactInThread({ url }, plan, share, { signal: controller.signal });
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
  });
});
