import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRowPacker, forEachRow } from "../../runtime/recovery/index.ts";

type Row =
  | { step: string; epoch: number; partition: number; key: string; value: Uint8Array | undefined }
  | { step: string; epoch: number; part: string; value: Uint8Array };
const text = fc.string({ unit: "grapheme", maxLength: 80 });
const row: fc.Arbitrary<Row> = fc.oneof(
  fc.record({
    step: text,
    epoch: fc.nat(),
    partition: fc.nat({ max: 2 ** 32 - 1 }),
    key: text,
    value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
  }),
  fc.record({ step: text, epoch: fc.nat(), part: text, value: fc.uint8Array() }),
);

describe("a row packer", () => {
  test("gives back every row as it was, in order", () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const packer = createRowPacker(16);
        for (const each of rows) {
          if ("key" in each) packer.state(each.step, each.epoch, each.partition, each.key, each.value);
          else packer.part(each.step, each.epoch, each.part, each.value);
        }
        expect(packer.rows).toBe(rows.length);
        const batch = packer.take();
        const read: Row[] = [];
        forEachRow(batch, {
          state: (step, partition, key, value, epoch) =>
            read.push({ step, epoch, partition, key, value: value && Uint8Array.from(value) }),
          part: (step, part, value, epoch) => read.push({ step, epoch, part, value: Uint8Array.from(value) }),
        });
        expect(read).toEqual(rows);
      }),
    );
  });

  test("starts anew after each batch", () => {
    const packer = createRowPacker(16);
    packer.state("a", 1, 0, "k", undefined);
    const first = packer.take();
    packer.state("b", 2, 0, "k", undefined);
    expect(packer.take()).toMatchObject({ steps: ["b"], rows: 1 });
    expect(first).toMatchObject({ steps: ["a"], rows: 1 });
    expect(packer.take()).toMatchObject({ steps: [], rows: 0 });
  });

  test("tells an empty value from a removed one", () => {
    const packer = createRowPacker();
    packer.state("a", 1, 0, "empty", new Uint8Array());
    packer.state("a", 1, 0, "removed", undefined);
    const values = new Map<string, number | undefined>();
    forEachRow(packer.take(), { state: (_step, _partition, key, value) => void values.set(key, value?.byteLength) });
    expect([...values]).toEqual([
      ["empty", 0],
      ["removed", undefined],
    ]);
  });

  test("refuses a key that UTF-8 cannot tell from others", () => {
    const packer = createRowPacker();
    expect(() => packer.state("counts", 1, 0, "lone \ud800", undefined)).toThrow(
      expect.objectContaining({ code: "WEIR_ENCODE", step: "counts" }),
    );
  });
});
