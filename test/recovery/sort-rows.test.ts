import fc from "fast-check";
import { expect, test } from "vitest";
import { createRowPacker } from "../../runtime/recovery/index.ts";
import { sortRows } from "../../runtime/recovery/sort-rows.ts";
import { splitAfter } from "../../runtime/recovery/split-rows.ts";

const key = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 9 }),
  fc.constantFrom("", "a", "a\u0000", "prefix-1", "prefix-12", "prefix-2", "\uffee", "🎉"),
);
const row = fc.record({
  step: fc.constantFrom("s", "t", "\uffee", "🎉"),
  partition: fc.constantFrom(0, 1, 127, 2 ** 32 - 1),
  key,
  epoch: fc.integer({ min: 0, max: 3 }),
  value: fc.option(fc.string(), { nil: undefined }),
  part: fc.boolean(),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

const pack = (rows: readonly Row[]) => {
  const packer = createRowPacker();
  for (const { step, partition, key: name, epoch, value, part } of rows) {
    if (part) packer.part(step, epoch, name, Buffer.from(value ?? ""));
    else packer.state(step, epoch, partition, name, value === undefined ? undefined : Buffer.from(value));
  }
  return packer.take();
};

test("keeps of each key the row of the highest epoch, the later of two alike, in the order of the primary key", () => {
  fc.assert(
    fc.property(fc.array(fc.array(row)), fc.integer({ min: 0, max: 3 }), (batches, upTo) => {
      const model = new Map<string, { order: Buffer; row: Row }>();
      for (const each of batches.flat()) {
        if (each.epoch > upTo) continue;
        const head = Buffer.alloc(5);
        head.writeUInt8(each.part ? 1 : 0);
        head.writeUInt32BE(each.part ? 0 : each.partition, 1);
        // A byte below all of UTF-8's and a terminator keep "a" before "a\0" and both before "ab".
        const order = Buffer.concat([head, Buffer.from(each.step), Buffer.from([0]), Buffer.from(each.key)]);
        const id = order.toString("hex");
        const known = model.get(id);
        if (known === undefined || each.epoch >= known.row.epoch) model.set(id, { order, row: each });
      }
      const expected = [...model.values()].toSorted((a, b) => Buffer.compare(a.order, b.order)).map((entry) => entry.row);
      const sorted = sortRows(batches.map(pack), { upTo });
      const seen: unknown[] = [];
      sorted.forEach((kind, partition, step, bytes, value) =>
        seen.push([kind === 2, partition, step, bytes.toString(), value?.toString()]),
      );
      expect(seen).toEqual(
        expected.map((each) => [
          each.part,
          each.part ? 0 : each.partition,
          each.step,
          each.key,
          each.part ? (each.value ?? "") : each.value,
        ]),
      );
      expect(sorted.count).toBe(expected.length);
      expect(sorted.partitions).toEqual(
        [...new Set(expected.flatMap((each) => (each.part ? [] : [each.partition])))].toSorted((a, b) => a - b),
      );
      expect(sorted.parts).toBe(expected.some((each) => each.part));
      expect(new Set(sorted.steps)).toEqual(new Set(expected.map((each) => each.step)));
    }),
  );
});

test("splitting leaves exactly the rows that come later, as they came", () => {
  fc.assert(
    fc.property(fc.array(fc.array(row)), fc.integer({ min: 0, max: 3 }), (batches, epoch) => {
      const later = batches.flat().filter((each) => each.epoch > epoch);
      const contents = (rows: ReturnType<typeof sortRows>): unknown[] => {
        const seen: unknown[] = [];
        rows.forEach((kind, partition, step, bytes, value) =>
          seen.push([kind, partition, step, bytes.toString(), value?.toString()]),
        );
        return seen;
      };
      const split = splitAfter(batches.map(pack), epoch);
      expect(split.reduce((sum, batch) => sum + batch.rows, 0)).toBe(later.length);
      expect(contents(sortRows(split))).toEqual(contents(sortRows([pack(later)])));
    }),
  );
});
