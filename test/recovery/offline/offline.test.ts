import { describe, expect, test } from "vitest";
import {
  createMemoryStore,
  getValue,
  inspectSnapshot,
  listSnapshots,
  readManifest,
  repartition,
} from "../../../runtime/recovery/index.ts";
import { type Miniature, partitionOf, partitions, start } from "../miniature.ts";

/** As the miniature routes, for any number of partitions. */
const route = (key: string, of: number): number =>
  of === partitions ? partitionOf(key) : (key.length * 7 + key.charCodeAt(0)) % of;
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

async function history(objects: Map<string, Uint8Array>): Promise<Miniature> {
  const flow = await start(createMemoryStore({}, objects), 2);
  for (let i = 0; i < 20; i += 1) flow.write("a", `k${i}`, `first ${i}`);
  flow.part("in", "file-1", "10");
  await flow.snapshot();
  for (let i = 0; i < 10; i += 1) flow.write("a", `k${i}`, i % 2 === 0 ? undefined : `second ${i}`);
  flow.write("b", "x", "1");
  flow.part("in", "file-1", "20");
  await flow.snapshot();
  return flow;
}

describe("looking into a store", () => {
  test("lists what is retained", async () => {
    const store = createMemoryStore();
    expect(await listSnapshots(store)).toEqual([]);
    await history(store.objects);
    const listed = await listSnapshots(store);
    expect(listed.map(({ epoch, execution, steps }) => ({ epoch, execution, steps }))).toEqual([
      { epoch: 1, execution: 1, steps: ["a", "in"] },
      { epoch: 2, execution: 1, steps: ["a", "in", "b"] },
    ]);
    for (const { files, bytes } of listed) expect(bytes).toBeGreaterThan(files);
  });

  test("counts keys and shows positions, of the newest and of an older epoch", async () => {
    const store = createMemoryStore();
    await history(store.objects);
    const newest = await inspectSnapshot(store);
    expect(newest.steps.map(({ step, keys }) => [step, keys])).toEqual([
      ["a", 15],
      ["b", 1],
    ]);
    expect(newest.parts.map(({ step, part, value }) => [step, part, text(value)])).toEqual([["in", "file-1", "20"]]);
    const older = await inspectSnapshot(store, 1);
    expect(older.steps.map(({ step, keys }) => [step, keys])).toEqual([["a", 20]]);
    expect(older.steps[0]!.bytes).toBe(10 * 2 + 10 * 3 + 10 * 7 + 10 * 8);
    await expect(inspectSnapshot(store, 9)).rejects.toMatchObject({
      code: "WEIR_SNAPSHOT_NOT_RETAINED",
      message: expect.stringContaining("1, 2"),
    });
  });

  test("finds one key's value", async () => {
    const store = createMemoryStore();
    await history(store.objects);
    expect(text(await getValue(store, "a", "k1", route))).toBe("second 1");
    expect(text(await getValue(store, "a", "k1", route, 1))).toBe("first 1");
    expect(text(await getValue(store, "a", "k15", route))).toBe("first 15");
    expect(await getValue(store, "a", "k2", route)).toBeUndefined();
    expect(await getValue(store, "b", "k1", route)).toBeUndefined();
    await expect(getValue(createMemoryStore(), "a", "k1", route)).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_NOT_RETAINED" });
  });
});

describe("repartitioning", () => {
  test.each([1, 3, 50])("to %i keeps every key and position, and leaves only what it wrote", async (to) => {
    const store = createMemoryStore();
    await history(store.objects);
    if (to === 1) {
      await expect(repartition(store, to, { partitionOf: route, owner: "cli" })).rejects.toMatchObject({
        code: "WEIR_USAGE",
        message: expect.stringContaining("too few"),
      });
      return;
    }
    const before = await inspectSnapshot(store);
    const manifest = await repartition(store, to, { partitionOf: route, owner: "cli" });
    expect(manifest).toMatchObject({ partitions: to, execution: 2 });
    expect(manifest.assignment).toHaveLength(to);
    const after = await inspectSnapshot(store);
    expect({ steps: after.steps, parts: after.parts }).toEqual({ steps: before.steps, parts: before.parts });
    for (let i = 0; i < 20; i += 1)
      expect(text(await getValue(store, "a", `k${i}`, route))).toBe(
        i >= 10 ? `first ${i}` : i % 2 === 0 ? undefined : `second ${i}`,
      );
    const used = (await readManifest(store))!.manifest.snapshots.flatMap((snapshot) => snapshot.files.map((file) => file.path));
    expect([...store.objects.keys()].toSorted()).toEqual([...used, "manifest.json"].toSorted());
  });

  test("fences off a flow that runs after all", async () => {
    const store = createMemoryStore();
    const flow = await history(store.objects);
    await repartition(store, 8, { partitionOf: route, owner: "the operator's laptop" });
    flow.write("a", "k1", "lost");
    await expect(flow.snapshot()).rejects.toMatchObject({
      code: "WEIR_STORE_OWNED",
      message: expect.stringContaining("the operator's laptop"),
    });
    expect(text(await getValue(store, "a", "k1", route))).toBe("second 1");
  });

  test("leaves the old partitions whole when it is interrupted anywhere", async () => {
    for (let crashAt = 0, crashed = true; crashed; crashAt += 1) {
      crashed = false;
      const objects = new Map<string, Uint8Array>();
      await history(objects);
      let operations = 0;
      const store = createMemoryStore(
        { fault: () => ((operations += 1) > crashAt ? ((crashed = true), "before") : undefined) },
        objects,
      );
      await repartition(store, 8, { partitionOf: route, owner: "cli" }).catch((error: unknown) =>
        expect(error).toMatchObject({ code: "WEIR_STORE_FAILED" }),
      );
      const calm = createMemoryStore({}, objects);
      expect([4, 8]).toContain((await readManifest(calm))!.manifest.partitions);
      expect((await inspectSnapshot(calm)).steps.map(({ step, keys }) => [step, keys])).toEqual([
        ["a", 15],
        ["b", 1],
      ]);
    }
  });
});
