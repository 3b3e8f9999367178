import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile as write } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createMemoryStore, createRowPacker, forEachRow } from "../../../runtime/recovery/index.ts";
import { decodeDatabase, encodeDatabase, openFile, writeFile } from "../../../runtime/recovery/files/index.ts";
import { sortRows } from "../../../runtime/recovery/sort-rows.ts";

const directory = await mkdtemp(join(tmpdir(), "weir-database-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

const bytes = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 3_000, maxLength: 70_000 }) },
);
const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 4_000, maxLength: 40_000 }) },
);
const row = fc.record({
  step: fc.constantFrom<string>("s", "ünï", ""),
  partition: fc.constantFrom<number>(0, 1, 127, 128, 300, 70_000),
  key: text,
  value: fc.option(bytes, { nil: undefined }),
});
const part = fc.record({ step: fc.constantFrom("in", "out"), part: text, value: bytes });
type Content = { state: Map<string, Uint8Array | undefined>; parts: Map<string, Uint8Array> };

function pack(
  rows: readonly (typeof row extends fc.Arbitrary<infer T> ? T : never)[],
  parts: readonly (typeof part extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const packer = createRowPacker();
  const content: Content = { state: new Map(), parts: new Map() };
  for (const each of rows) {
    packer.state(each.step, 7, each.partition, each.key, each.value);
    content.state.set(JSON.stringify([each.partition, each.step, each.key]), each.value);
  }
  for (const each of parts) {
    packer.part(each.step, 7, each.part, each.value);
    content.parts.set(JSON.stringify([each.step, each.part]), each.value);
  }
  return { rows: sortRows([packer.take()]), content };
}
const byKey = (map: Map<string, Uint8Array | undefined>) =>
  [...map].map(([key, value]) => [key, value && Buffer.from(value).toString("hex")]).toSorted();

describe("a file's database", () => {
  test("gives back every row", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 300 }), fc.array(part, { maxLength: 20 }), (state, positions) => {
        const { rows, content } = pack(state, positions);
        const file = decodeDatabase(encodeDatabase(rows, { flow: "f" }));
        const read: Content = { state: new Map(), parts: new Map() };
        for (const batch of file.rows(9)) {
          forEachRow(batch, {
            state: (step, partition, key, value, epoch) => {
              expect(epoch).toBe(9);
              read.state.set(JSON.stringify([partition, step, key]), value && Uint8Array.from(value));
            },
            part: (step, name, value) => void read.parts.set(JSON.stringify([step, name]), Uint8Array.from(value)),
          });
        }
        file.close();
        expect(byKey(read.state)).toEqual(byKey(content.state));
        expect(byKey(read.parts)).toEqual(byKey(content.parts));
      }),
      { numRuns: 40 },
    );
  });

  test("is what SQLite calls sound, with the same rows by its own reading", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 300 }), fc.array(part, { maxLength: 20 }), (state, positions) => {
        const { rows, content } = pack(state, positions);
        const database = new Database(Buffer.from(encodeDatabase(rows, { flow: "f" })));
        expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
        const all = database
          .prepare<[], { partition: number; step: string; key: string; value: Buffer | null }>("SELECT * FROM state")
          .all();
        expect(
          byKey(new Map(all.map((each) => [JSON.stringify([each.partition, each.step, each.key]), each.value ?? undefined]))),
        ).toEqual(byKey(content.state));
        const positionsRead = database.prepare<[], { step: string; part: string; value: Buffer }>("SELECT * FROM parts").all();
        expect(byKey(new Map(positionsRead.map((each) => [JSON.stringify([each.step, each.part]), each.value])))).toEqual(
          byKey(content.parts),
        );
        // By the primary key: the index is what is searched.
        const find = database
          .prepare<[number, string, string], number>("SELECT count(*) FROM state WHERE partition = ? AND step = ? AND key = ?")
          .pluck();
        for (const each of state) expect(find.get(each.partition, each.step, each.key)).toBe(1);
        database.close();
      }),
      { numRuns: 40 },
    );
  });

  test("holds a hundred thousand rows, and SQLite finds any of them", () => {
    const packer = createRowPacker();
    for (let i = 0; i < 100_000; i += 1) packer.state("sum", 1, i % 128, `k${i}`, Buffer.from(`v${i}`));
    const database = new Database(Buffer.from(encodeDatabase(sortRows([packer.take()]), {})));
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(database.prepare("SELECT count(*) FROM state").pluck().get()).toBe(100_000);
    const find = database
      .prepare<[number, string], Buffer>("SELECT value FROM state WHERE partition = ? AND step = 'sum' AND key = ?")
      .pluck();
    for (let i = 0; i < 100_000; i += 997) expect(find.get(i % 128, `k${i}`)!.toString()).toBe(`v${i}`);
    database.close();
  });

  test("passes over pages of other partitions and gives every row of those that are wanted", () => {
    const packer = createRowPacker();
    const value = Buffer.alloc(300);
    for (let i = 0; i < 20_000; i += 1) packer.state(i % 3 === 0 ? "a" : "b", 1, i % 50, `k${i}`, value);
    packer.part("in", 1, "p", value);
    const file = decodeDatabase(encodeDatabase(sortRows([packer.take()]), {}));
    for (const wanted of [[], [0], [49], [7, 8, 30], [...Array(50).keys()]]) {
      const keys: string[] = [];
      let parts = 0;
      for (const batch of file.rows(1, { partition: (partition) => wanted.includes(partition) }))
        forEachRow(batch, { state: (_step, _partition, key) => void keys.push(key), part: () => void parts++ });
      const expected = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => wanted.includes(i % 50));
      expect(keys.toSorted()).toEqual(expected.map((i) => `k${i}`).toSorted());
      expect(parts).toBe(1);
    }
    file.close();
  });

  test("is read whole by SQLite when it does not say where its small tables end", () => {
    const packer = createRowPacker();
    for (let i = 0; i < 2_000; i += 1) packer.state("s", 1, i % 4, `k${i}`, Buffer.alloc(300));
    packer.part("in", 1, "p", Buffer.from("v"));
    const encoded = Buffer.from(encodeDatabase(sortRows([packer.take()]), { flow: "f" }));
    expect(encoded.readUInt32BE(60)).toBeGreaterThan(0);
    const silent = Buffer.from(encoded);
    silent.writeUInt32BE(0, 60);
    for (const bytes of [encoded, silent]) {
      const file = decodeDatabase(bytes);
      expect([...file.meta]).toEqual([["flow", "f"]]);
      expect([...file.rows(1)].reduce((sum, { rows }) => sum + rows, 0)).toBe(2_001);
      file.close();
    }
  });

  test("filters by partition, step and kind, and can keep partitions apart", () => {
    const packer = createRowPacker();
    for (let i = 0; i < 40; i += 1) packer.state(i % 2 === 0 ? "a" : "b", 1, i % 4, `k${i}`, Buffer.from("v"));
    packer.part("in", 1, "p", Buffer.from("v"));
    const file = decodeDatabase(encodeDatabase(sortRows([packer.take()]), {}));
    const batches = [
      ...file.rows(
        1,
        { partition: (partition) => partition > 1, step: (step) => step !== "b", parts: false },
        { splitPartitions: true },
      ),
    ];
    expect(batches.map((batch) => batch.rows)).toEqual([10]);
    expect([...file.rows(1, {}, { splitPartitions: true })].map((batch) => batch.rows)).toEqual([10, 10, 10, 10, 1]);
    file.close();
  });

  test("opens with the sqlite3 command", async ({ skip }) => {
    const { rows } = pack(
      [
        { step: "s", partition: 3, key: "k", value: Buffer.from("text") },
        { step: "s", partition: 3, key: "gone", value: undefined },
      ],
      [],
    );
    const store = createMemoryStore();
    const file = await writeFile(store, "delta/0000000001-0000000002-0000000000.sqlite.zst", rows, {
      flow: "f",
      execution: 1,
      epoch: 2,
    });
    const path = join(directory, "delta.sqlite");
    await write(path, zstdDecompressSync((await store.get(file.path))!.bytes));
    const ask = (sql: string): string => execFileSync("sqlite3", [path, sql], { encoding: "utf8" }).trim();
    try {
      ask("SELECT 1");
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT" && process.env.CI !== "true") skip("SKIPPED: there is no sqlite3 command");
      throw error;
    }
    expect(ask("PRAGMA integrity_check")).toBe("ok");
    expect(ask("SELECT partition, step, key, CAST(value AS TEXT), value IS NULL FROM state ORDER BY key")).toBe(
      "3|s|gone||1\n3|s|k|text|0",
    );
    expect(ask("SELECT value FROM meta WHERE name = 'epoch'")).toBe("2");
  });
});

describe("a file of a snapshot", () => {
  const { rows } = pack(
    Array.from({ length: 50 }, (_, i) => ({ step: "s", partition: i % 3, key: `key ${i}`, value: Buffer.from(`value ${i}`) })),
    [],
  );
  const write1 = async () => {
    const store = createMemoryStore();
    return { store, file: await writeFile(store, "base/0000000001/0000000001-0000000002.sqlite.zst", rows, {}) };
  };

  test("altered in any one byte is refused by name", async () => {
    const { store, file } = await write1();
    const original = store.objects.get(file.path)!;
    for (let at = 0; at < original.byteLength; at += 1) {
      const altered = Uint8Array.from(original);
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      store.objects.set(file.path, altered);
      await expect(openFile(store, file)).rejects.toMatchObject({
        code: "WEIR_SNAPSHOT_DAMAGED",
        message: expect.stringContaining(file.path),
      });
    }
  });

  test("cut short, lengthened or emptied is refused by name", async () => {
    const { store, file } = await write1();
    const original = store.objects.get(file.path)!;
    for (const altered of [original.subarray(0, -1), new Uint8Array([...original, 0]), new Uint8Array()]) {
      store.objects.set(file.path, altered);
      await expect(openFile(store, file)).rejects.toMatchObject({
        code: "WEIR_SNAPSHOT_DAMAGED",
        message: expect.stringContaining(file.path),
      });
    }
  });

  test("that is gone is called missing by name", async () => {
    const { store, file } = await write1();
    store.objects.delete(file.path);
    await expect(openFile(store, file)).rejects.toMatchObject({
      code: "WEIR_SNAPSHOT_MISSING",
      message: expect.stringContaining(file.path),
    });
  });

  test("that is no database though its hash is right is refused", async () => {
    const store = createMemoryStore();
    const { sha256 } = await import("../../../runtime/recovery/files/index.ts");
    for (const junk of [Buffer.from("junk"), Buffer.alloc(0)]) {
      await store.put("delta/x", junk);
      await expect(openFile(store, { path: "delta/x", bytes: junk.byteLength, sha256: sha256(junk) })).rejects.toMatchObject({
        code: "WEIR_SNAPSHOT_DAMAGED",
      });
    }
  });
});
