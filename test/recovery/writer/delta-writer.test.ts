import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type RowBatch,
  type Sealed,
  type SnapshotFile,
  type Store,
  createDeltaWriter,
  createMemoryStore,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshot,
} from "../../../runtime/recovery/index.ts";

const identity = { flow: "f", hash: "h", partitions: 4, execution: 3, process: 1 };
const name = (epoch: number, part?: number): string =>
  `delta/0000000003-000000000${epoch}-0000000001${part === undefined ? "" : `-000000000${part}`}.sqlite.zst`;
const paths = (sealed: Sealed): string[] => sealed.files.map(({ path }) => path);

function batch(...rows: readonly (readonly [key: string, epoch: number, value?: string])[]): RowBatch {
  const packer = createRowPacker();
  for (const [key, epoch, value] of rows)
    packer.state("s", epoch, key.length % 4, key, value === undefined ? undefined : Buffer.from(value));
  return packer.take();
}
const long = (value: string): string => value.padEnd(1_000, ".");
async function content(store: Store, files: readonly SnapshotFile[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const snapshot = { epoch: 9, execution: 3, time: "", steps: ["s"], files };
  for await (const each of loadSnapshot(store, snapshot, { partitions: () => true, parts: true })) {
    forEachRow(each, {
      state(_step, _partition, key, value) {
        if (value === undefined) delete found[key];
        else found[key] = Buffer.from(value).toString().replaceAll(".", "");
      },
    });
  }
  return found;
}

describe("a delta that is large", () => {
  test("is written in parts while rows come, and the rest when it is sealed", async () => {
    const store = createMemoryStore();
    const writer = createDeltaWriter(store, identity, { partBytes: 2_000 });
    for (const key of ["a", "b", "c"]) writer.add(batch([key, 1, long("1")]));
    await expect.poll(() => store.objects.size).toBe(1);
    writer.add(batch(["d", 1, long("2")], ["a", 1, long("2")]));
    writer.add(batch(["e", 1, "3"], ["b", 1]));
    const sealed = await writer.seal(1);
    expect(paths(sealed)).toEqual([name(1, 0), name(1, 1), name(1)]);
    expect(sealed.bytes).toBe(sealed.files.reduce((sum, { bytes }) => sum + bytes, 0));
    // Later parts win, whatever the order in which a manifest names them.
    const expected = { a: "2", c: "1", d: "2", e: "3" };
    expect(await content(store, sealed.files)).toEqual(expected);
    expect(await content(store, sealed.files.toReversed())).toEqual(expected);
  });

  test("has no part with rows of a later epoch", async () => {
    const store = createMemoryStore();
    const writer = createDeltaWriter(store, identity, { partBytes: 2_000 });
    writer.add(batch(["a", 1, long("1")], ["b", 2, long("2")]));
    writer.add(batch(["c", 2, long("2")], ["d", 1, long("1")]));
    writer.add(batch(["e", 2, long("2")]));
    const first = await writer.seal(1);
    expect(await content(store, first.files)).toEqual({ a: "1", d: "1" });
    const second = await writer.seal(2);
    expect(await content(store, second.files)).toEqual({ b: "2", c: "2", e: "2" });
  });

  test("fails with any of its parts, and what was written by then is in no later seal", async () => {
    let puts = 0;
    const store = createMemoryStore({ fault: (operation) => (operation === "put" && puts++ === 0 ? "before" : undefined) });
    let stored = 0;
    const writer = createDeltaWriter(store, identity, { partBytes: 2_000, onStored: (bytes) => (stored += bytes) });
    const rows = [batch(["a", 1, long("1")], ["b", 1, long("1")]), batch(["c", 1, "1"])];
    const bytes = rows.reduce((sum, each) => sum + each.bytes.byteLength, 0);
    for (const each of rows) writer.add(each);
    await expect(writer.seal(1)).rejects.toMatchObject({ code: "WEIR_STORE_FAILED" });
    expect(stored).toBe(bytes);
    expect(await writer.seal(2)).toMatchObject({ files: [] });
  });

  test("relieves who waits before it is sealed", async () => {
    const writer = createSnapshotWriter({ ...identity, store: createMemoryStore(), highWaterBytes: 30_000_000 });
    let relieved = 0;
    writer.onRelief(() => relieved++);
    const value = "v".repeat(1_000_000);
    for (let i = 0; i < 40; i++) writer.add(batch([`k${i}`, 1, value]));
    expect(writer.congested()).toBe(true);
    await expect.poll(() => writer.congested()).toBe(false);
    expect(relieved).toBe(1);
    const sealed = await writer.seal(1);
    expect(sealed.files.length).toBeGreaterThan(1);
    expect(writer.queuedBytes()).toBe(0);
  });
});

test("whatever comes in which sizes, a seal has what was true at its epoch, and each row is in one file", async () => {
  const row = fc.record({ key: fc.integer({ min: 0, max: 8 }), ahead: fc.integer({ min: 0, max: 2 }), size: fc.nat({ max: 900 }) });
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.array(row, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.constant("seal" as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 4_000 }), async (actions, partBytes) => {
      const store = createMemoryStore();
      let [added, stored] = [0, 0];
      const writer = createDeltaWriter(store, identity, { partBytes, onStored: (bytes) => (stored += bytes) });
      const rows: { key: string; epoch: number; value: string }[] = [];
      const highest = new Map<string, number>();
      const files: SnapshotFile[] = [];
      let epoch = 1;
      for (const each of [...actions, "seal" as const, "seal" as const, "seal" as const]) {
        if (each === "seal") {
          files.push(...(await writer.seal(epoch)).files);
          const model: Record<string, string> = {};
          for (const one of rows) if (one.epoch <= epoch) model[one.key] = one.value;
          expect(await content(store, files)).toEqual(model);
          epoch += 1;
          continue;
        }
        const made = each.map(({ key, ahead, size }) => {
          // Rows of one key come in the order of their epochs.
          const at = Math.max(epoch + ahead, highest.get(`k${key}`) ?? 0);
          highest.set(`k${key}`, at);
          rows.push({ key: `k${key}`, epoch: at, value: String(rows.length) });
          return [`k${key}`, at, String(rows.length - 1).padEnd(size, ".")] as const;
        });
        const next = batch(...made);
        added += next.bytes.byteLength;
        writer.add(next);
      }
      expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
      expect(stored).toBe(added);
    }),
    { numRuns: 60 },
  );
});
