/** Batches are read back by the client library, which knows nothing of how they were made. */
import { crc32c, Reader, readRecordsBatch } from "@platformatic/kafka";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBatch, sizeOf } from "../../../runtime/connectors/kafka/sink-batch.ts";
import { asRecord, type OutputRecord, toOutput } from "../../../runtime/connectors/kafka/sink-record.ts";

const format = { crc32c, compressionBits: 0 };

function sealed(records: readonly OutputRecord[], sequence = 0) {
  const batch = createBatch(records[0]!);
  for (const record of records) batch.append(record);
  return batch.seal(format, { producerId: 7n, producerEpoch: 3, transactional: true }, sequence);
}

const bytes = fc.uint8Array({ maxLength: 300 });
const record = fc.record({
  topic: fc.constant("t"),
  partition: fc.constant(undefined),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.tuple(bytes, bytes), { maxLength: 3 }),
  timestamp: fc.oneof(fc.nat(), fc.integer({ min: 0, max: 4e12 })),
});

test("what is put into a batch is read from it", () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 300 }), fc.nat(), (records, sequence) => {
      const found = readRecordsBatch(Reader.from(sealed(records, sequence)));
      expect(found).toMatchObject({
        producerId: 7n,
        producerEpoch: 3,
        firstSequence: sequence,
        attributes: 16,
        lastOffsetDelta: records.length - 1,
        maxTimestamp: BigInt(Math.max(...records.map(({ timestamp }) => timestamp))),
      });
      const plain = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString("hex"));
      expect(
        found.records.map(({ key, value, headers, timestampDelta, offsetDelta }) => ({
          key: plain(key),
          value: plain(value),
          headers: headers.map(([name, value]) => [plain(name), plain(value)]),
          timestamp: Number(found.firstTimestamp + timestampDelta),
          offsetDelta,
        })),
      ).toEqual(
        records.map(({ key, value, headers, timestamp }, offsetDelta) => ({
          key: plain(key),
          value: plain(value),
          headers: headers.map(([name, value]) => [plain(name), plain(value)]),
          timestamp,
          offsetDelta,
        })),
      );
    }),
    { numRuns: 100 },
  );
});

test("a record never takes more than was reckoned", () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
      const batch = createBatch(records[0]!);
      for (const one of records) {
        const before = batch.size;
        batch.append(one);
        expect(batch.size - before).toBeLessThanOrEqual(sizeOf(one));
      }
    }),
  );
});

test("records and pairs are taken, and nothing else", () => {
  const out = (item: unknown) => toOutput(asRecord(item), "t", 5);
  const text = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString());
  expect(text(out(["k", "v"]).value)).toBe("v");
  expect(text(out(["k", { a: 1 }]).value)).toBe('{"a":1}');
  expect(text(out(["k", 12]).value)).toBe("12");
  expect(out(["k", null]).value).toBeNull();
  expect(out({ value: "v" })).toMatchObject({ key: null, timestamp: 5, topic: "t" });
  expect(out({ value: "v", topic: "u", timestamp: new Date(9) })).toMatchObject({ topic: "u", timestamp: 9 });
  for (const [item, message] of [
    ["text", /takes records/],
    [{ key: "k" }, /takes records/],
    [{ value: 5 }, /a value is text, bytes or null/],
    [{ value: "v", key: 5 }, /a key is text/],
    [{ value: "v", partition: -1 }, /no such partition/],
    [{ value: "v", timestamp: Number.NaN }, /timestamp/],
    [{ value: "v", headers: { a: 1 } }, /a header is text/],
  ] as const)
    expect(() => out(item)).toThrow(expect.objectContaining({ code: "WEIR_SINK_FAILED", message: expect.stringMatching(message) }));
  expect(() => toOutput({ value: "v" }, undefined, 5)).toThrow(/names no topic/);
});
