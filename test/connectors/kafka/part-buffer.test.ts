import { compressionsAlgorithmsByBitmask } from "@platformatic/kafka";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPartBuffer } from "../../../runtime/connectors/kafka/part-buffer.ts";
import { messageMaker } from "../../../runtime/connectors/kafka/source-message.ts";
import { batch, marker } from "./batches.ts";

const open = (options: { from?: number; until?: number; readCommitted?: boolean } = {}) =>
  createPartBuffer({
    from: 0,
    until: Infinity,
    readCommitted: true,
    decompress: (compression, block) => compressionsAlgorithmsByBitmask[compression]!.decompressSync(block),
    make: messageMaker("t", 3, { key: "string", value: "string", onBad: "fail" }),
    ...options,
  });
const texts = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `v${from + i}`);
const values = (records: readonly { value: unknown }[]): unknown[] => records.map(({ value }) => value);

describe("records", () => {
  test("have offset, timestamp, key, value and headers", () => {
    const buffer = open();
    buffer.push(
      batch({ at: 0, values: ["x", null], keys: ["k", null], timestamps: [2 ** 41, 2 ** 41 - 5], headers: { h: "é" } }),
      [],
    );
    expect(buffer.take(10)).toEqual([
      { topic: "t", partition: 3, offset: 0, timestamp: 2 ** 41, key: "k", value: "x", headers: [["h", Buffer.from("é")]] },
      { topic: "t", partition: 3, offset: 1, timestamp: 2 ** 41 - 5, key: null, value: null, headers: [["h", Buffer.from("é")]] },
    ]);
  });
  test("have the time of the log where the topic says so", () => {
    const buffer = open();
    buffer.push(batch({ at: 0, values: ["x", "y"], logAppendTime: 77 }), []);
    expect(buffer.take(10)).toMatchObject([{ timestamp: 77 }, { timestamp: 77 }]);
  });
  test.each(["gzip", "snappy", "lz4", "zstd"] as const)("compressed by %s", (compression) => {
    const buffer = open();
    buffer.push(batch({ at: 5, values: texts(5, 300), compression }), []);
    expect(values(buffer.take(1_000))).toEqual(texts(5, 300));
  });
  test("survive any cut of batches, answers and takes, in order and once", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, sizes, fc.nat(200), (batches, takes, from) => {
        const total = batches.reduce((a, b) => a + b, 0);
        const start = from % total;
        const buffer = open({ from: start });
        let at = 0;
        const all = batches.map((size) => batch({ at, values: texts(at, (at += size)) }));
        const out: unknown[] = [];
        for (let i = 0; buffer.position < total; i++) {
          // The broker gives whole batches from the one that holds the offset, and cuts the last one off.
          if (buffer.empty || i % 3 === 0) {
            let first = 0;
            for (let sum = 0; first < batches.length && sum + batches[first]! <= buffer.fetchAt; first++) sum += batches[first]!;
            const answer = Buffer.concat(all.slice(first, first + 2));
            const cut = all.length > first + 2 ? Buffer.concat([answer, all[first + 2]!.subarray(0, 40)]) : answer;
            buffer.push(cut, []);
          }
          const taken = buffer.take(takes[i % takes.length]!);
          out.push(...values(taken));
          if (taken.length > 0) expect(buffer.position).toBe((taken.at(-1) as { offset: number }).offset + 1);
        }
        expect(out).toEqual(texts(start, total));
        expect(buffer.bytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("position", () => {
  test("passes what compaction has taken away once all before it was handed on", () => {
    const buffer = open();
    buffer.push(batch({ at: 0, values: ["a", "b"], gapBehind: 40 }), []);
    buffer.take(1);
    expect(buffer.position).toBe(1);
    buffer.take(1);
    expect([buffer.position, buffer.fetchAt]).toEqual([42, 42]);
  });
  test("stops at the end that was asked for, in the middle of a batch too", () => {
    const buffer = open({ until: 3 });
    buffer.push(batch({ at: 0, values: texts(0, 8) }), []);
    expect(values(buffer.take(100))).toEqual(texts(0, 3));
    expect(buffer.position).toBe(3);
  });
  test("goes elsewhere by seek, and forgets what was there", () => {
    const buffer = open();
    buffer.push(batch({ at: 0, values: texts(0, 8) }), []);
    buffer.take(2);
    buffer.seek(100);
    expect([buffer.position, buffer.fetchAt, buffer.bytes, buffer.empty]).toEqual([100, 100, 0, true]);
    buffer.push(batch({ at: 100, values: ["z"] }), []);
    expect(values(buffer.take(5))).toEqual(["z"]);
  });
});

describe("transactions", () => {
  const log = Buffer.concat([
    batch({ at: 0, values: ["a0"], producer: 1 }),
    batch({ at: 1, values: ["b0"], producer: 2 }),
    marker(2, 1, "abort"),
    batch({ at: 3, values: ["a1"], producer: 1 }),
    batch({ at: 4, values: ["plain"] }),
    marker(5, 2, "commit"),
    marker(6, 1, "commit"),
  ]);
  test("aborted ones are left out, up to their marker, and markers are never given", () => {
    const buffer = open();
    buffer.push(log, [{ producerId: 1, firstOffset: 0 }]);
    expect(values(buffer.take(100))).toEqual(["b0", "a1", "plain"]);
    expect(buffer.position).toBe(7);
  });
  test("all are given where that is asked for, markers excepted", () => {
    const buffer = open({ readCommitted: false });
    buffer.push(log, []);
    expect(values(buffer.take(100))).toEqual(["a0", "b0", "a1", "plain"]);
  });
});

test("the format from before Kafka 0.11 is refused by name", () => {
  const old = batch({ at: 0, values: ["x"] });
  old.writeInt8(1, 16);
  expect(() => open().push(old, [])).toThrow(/format 1, from before Kafka 0\.11/);
});
