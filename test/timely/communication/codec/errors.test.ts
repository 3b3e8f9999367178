// What cannot survive is refused by name; bytes from a stranger never crash, hang or exhaust the reader.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWeirError } from "../../../../runtime/errors/index.ts";
import {
  decodeMessage,
  decodeRecords,
  decodeValue,
  encodeMessage,
  encodeRecords,
  encodeValue,
} from "../../../../runtime/timely/communication/codec/index.ts";
import { anyValue, recordsOfOneShape } from "./values.ts";

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(isWeirError(error) && error.code).toBe("WEIR_ENCODE");
    return (error as Error).message;
  }
  throw new Error("it was not refused");
}

describe("encoding refuses", () => {
  class Account {
    balance = 1;
  }
  class Table extends Map {}
  test.each([
    ["a function", () => 1, "a function"],
    ["a symbol", Symbol("mark"), "Symbol(mark)"],
    ["an instance of a class", new Account(), "an instance of Account"],
    ["a subclass of Map", new Table(), "an instance of Table"],
    ["an error", new TypeError("x"), "an instance of TypeError"],
    ["a regular expression", /x/, "an instance of RegExp"],
    ["a promise", Promise.resolve(), "an instance of Promise"],
    ["a boxed number", new Number(1), "an instance of Number"],
    ["shared memory", new SharedArrayBuffer(8), "an instance of SharedArrayBuffer"],
  ])("%s, and says where it is", (_name, value, said) => {
    expect(messageOf(() => encodeValue(value))).toContain(said);
    expect(messageOf(() => encodeValue({ list: [1, { deep: value }] }))).toMatch(/at \.list\[1\]\.deep /);
    const records = Array.from({ length: 100 }, (_, i) => ["k", i === 70 ? value : { n: i }]);
    expect(messageOf(() => encodeRecords(records))).toMatch(/at \[70\]\[1\] /);
  });
  test("cycles and bottomless nesting", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(messageOf(() => encodeValue(cycle))).toContain("contains itself");
    expect(messageOf(() => encodeRecords(Array.from({ length: 100 }, () => cycle)))).toContain("contains itself");
    const ring: Record<string, unknown> = {};
    ring["self"] = ring;
    expect(messageOf(() => encodeRecords(Array.from({ length: 100 }, () => ring)))).toContain("contains itself");
  });
  test("and goes on to encode as before", () => {
    expect(() => encodeRecords([1, Symbol("x")])).toThrow();
    expect(decodeRecords(encodeRecords([1, 2]))).toEqual([1, 2]);
  });
  test("while a getter may encode something of its own", () => {
    const odd = {
      get now() {
        return encodeValue([1, 2, 3]).length;
      },
      after: "x",
    };
    expect(decodeValue(encodeValue(odd))).toEqual({ now: 4, after: "x" });
  });
});

describe("decoding", () => {
  const readers = [decodeRecords, decodeValue, decodeMessage];
  function survives(bytes: Uint8Array): void {
    for (const read of readers) {
      try {
        read(bytes);
      } catch (error) {
        if (!isWeirError(error) || error.code !== "WEIR_DECODE") throw error;
      }
    }
  }

  test("refuses every truncation", () => {
    fc.assert(
      fc.property(fc.oneof(recordsOfOneShape, fc.array(anyValue, { maxLength: 10 })), fc.nat(), (records, at) => {
        const bytes = encodeRecords(records);
        expect(() => decodeRecords(bytes.subarray(0, at % bytes.length))).toThrow(/truncated|decoded/);
      }),
      { numRuns: 300 },
    );
  });
  test("refuses bytes that follow", () => {
    for (const value of [1, "a", [1, 2], { a: 1 }]) {
      expect(() => decodeValue(Buffer.concat([encodeValue(value), Buffer.from([0])]))).toThrow("too many");
    }
  });
  test("survives altered bytes", () => {
    fc.assert(
      fc.property(
        recordsOfOneShape,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (records, changes) => {
          const bytes = encodeRecords(records);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          survives(bytes);
        },
      ),
      { numRuns: 1_000 },
    );
  });
  test("survives random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2_000 });
  });
  test.each([
    ["a list of four billion nothings", [1, 10, 4, 255, 255, 255, 255, 0]],
    ["a column of 2^50 values", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2, 0]],
    ["a string longer than the bytes", [1, 6, 0, 4, 255, 255, 255, 255, 255, 255, 255, 255, 15]],
    ["a length without an end", [255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
  ])("refuses %s before allocating for it", (_name, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeRecords(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: "WEIR_DECODE" }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });
  test("refuses nesting that would exhaust the stack", () => {
    expect(() => decodeValue(new Uint8Array(100_000).fill(0xb1))).toThrow(expect.objectContaining({ code: "WEIR_DECODE" }));
    const columns = new Uint8Array(100_000);
    for (let i = 0; i < columns.length; i += 2) columns.set([8, 1], i);
    expect(() => decodeRecords(Buffer.concat([Buffer.from([1]), columns]))).toThrow(
      expect.objectContaining({ code: "WEIR_DECODE" }),
    );
  });
});

test("messages come back, times of nested scopes included", () => {
  for (const time of [0, 5, 1e12, [3, 4], [[1, 2], 3]] as const) {
    for (const message of [
      { kind: "data", dataflow: 1, channel: 300, time, records: [["a", 1]] },
      { kind: "data", dataflow: 0, channel: 0, time, records: [] },
      { kind: "progress", dataflow: 70_000, changes: [3, time, -1, 400, time, 1] },
    ] as const) {
      expect(decodeMessage(encodeMessage(message))).toStrictEqual(message);
    }
  }
  expect(encodeMessage({ kind: "progress", dataflow: 0, changes: [3, 100, 1, 4, 100, -1] }).length).toBe(9);
});
