// Whatever goes in comes out, exactly, whichever layout the codec chooses for it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeRecords,
  decodeValue,
  encodeRecords,
  encodeValue,
  viewValue,
} from "../../../../runtime/timely/communication/codec/index.ts";
import { anyValue, lengths, recordsOfOneShape } from "./values.ts";

function sameRecords(records: readonly unknown[]): void {
  assert.deepStrictEqual(decodeRecords(encodeRecords(records)), records);
}
function sameValue(value: unknown): void {
  assert.deepStrictEqual(decodeValue(encodeValue(value)), value);
}

describe("any value", () => {
  test("comes back as it was", () => {
    fc.assert(fc.property(anyValue, sameValue), { numRuns: 200 });
  });
  test("comes back from behind a head that others write, however large both are", () => {
    fc.assert(
      fc.property(anyValue, fc.constantFrom(0, 1, 9, 100_000), (value, head) => {
        const bytes = viewValue(value, head);
        bytes.fill(0xff, 0, head);
        assert.deepStrictEqual(decodeValue(bytes.subarray(head)), value);
      }),
      { numRuns: 200 },
    );
  });
  test("comes back from a batch of unrelated values", () => {
    fc.assert(fc.property(fc.array(anyValue, { maxLength: 40 }), sameRecords), { numRuns: 100 });
  });
});

describe("batches of one shape", () => {
  test("come back, whatever came before them", () => {
    fc.assert(fc.property(recordsOfOneShape, sameRecords), { numRuns: 500 });
  });

  const shapes: Record<string, (i: number) => unknown> = {
    "small integers": (i) => (i % 200) - 100,
    "16-bit integers": (i) => (i * 77) % 30_000,
    "32-bit integers": (i) => (i * 2_654_435) | 0,
    "integers beyond 32 bits": (i) => 2 ** 31 + i * 2 ** 20,
    floats: (i) => i / 3,
    "minus zero among zeros": (i) => (i % 5 === 0 ? -0 : 0),
    "not a number and infinities": (i) => [NaN, Infinity, -Infinity, 1][i % 4],
    booleans: (i) => i % 3 === 0,
    nulls: () => null,
    "integers and nulls": (i) => (i % 4 === 0 ? null : i),
    "strings and nulls": (i) => (i % 4 === 0 ? null : `s${i}`),
    undefined: () => undefined,
    "short strings": (i) => `k${i}`,
    "empty strings": () => "",
    "latin1 strings": (i) => `é${i}`,
    "long strings": (i) => `a string of more than thirteen characters ${i}`,
    "strings of very different lengths": (i) => "x".repeat((i * i) % 2_000),
    "strings beyond latin1": (i) => `ключ-подлиннее-чем-тринадцать ${i}`,
    emoji: (i) => `🎏${i}`,
    "halves of a pair side by side": (i) => (i % 2 === 0 ? "\ud83c" : "\udf8f"),
    "lone surrogates": (i) => `\udf8f${i}\ud83c`,
    pairs: (i) => [`k${i % 10}`, i],
    "pairs of float and integer": (i) => [i / 7, i],
    "nested tuples": (i) => [`k${i}`, [i, [i / 2, `v${i}`]]],
    objects: (i) => ({ key: `k${i}`, count: i, mean: i / 3, ok: i % 2 === 0, none: null }),
    "nested objects": (i) => ({ a: { b: { c: i } }, d: [i, `x${i}`] }),
    "objects with an optional field": (i) => (i % 3 === 0 ? { a: i } : { a: i, b: "b" }),
    "objects with many optional fields": (i) =>
      Object.fromEntries(
        ["a", "b", "c", "d", "toString"]
          .filter((_, bit) => ((i * 37) >> bit) & 1)
          .map((name, at) => [name, at % 2 === 0 ? i : `v${i}`]),
      ),
    "objects of two field orders": (i) => (i % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 }),
    "objects with one mixed field": (i) => ({ id: i, any: [i, `s${i}`, null, true, { x: 1 }][i % 5] }),
    "empty objects": () => ({}),
    "empty arrays": () => [],
    "lists of integers": (i) => Array.from({ length: i % 7 }, (_, j) => i + j),
    "lists of pairs": (i) => Array.from({ length: i % 5 }, (_, j) => [`k${j}`, i]),
    "lists of lists": (i) => Array.from({ length: i % 4 }, (_, j) => Array.from({ length: j }, () => "x")),
    "mixed lists": (i) => [i, "a", null].slice(0, i % 4),
    "tuples whose second place changes its type": (i) => [i, i < 500 ? i : `${i}`],
    dates: (i) => new Date(i * 1e9),
    "invalid dates": () => new Date(NaN),
    bigints: (i) => (i % 2 === 0 ? 1n : -1n) * 3n ** BigInt(i % 100),
    "maps and sets": (i) => ({
      map: new Map<unknown, unknown>([
        [i, { a: i }],
        ["k", undefined],
      ]),
      set: new Set([i, "a"]),
    }),
    "typed arrays": (i) => [
      new Uint8Array([i]),
      new Float64Array([i / 3]),
      new BigInt64Array([BigInt(i)]),
      new Uint16Array(i % 3).buffer,
    ],
    "a key called __proto__": (i) => JSON.parse(`{"a": 1, "__proto__": ${i}, "b": {"__proto__": {"x": ${i}}}}`) as unknown,
    "keys that look like methods": (i) => ({ toString: i, constructor: `c${i}`, hasOwnProperty: null, length: 3 }),
    "keys in need of quoting": (i) => ({ 'a"b\\c\n\u2028': i, "": i, "1": 2 }),
  };
  for (const [name, make] of Object.entries(shapes)) {
    test(name, () => {
      // Twice: the second batch finds the plans of the first.
      for (const length of [...lengths, ...lengths]) sameRecords(Array.from({ length }, (_, i) => make(i)));
      sameValue(make(3));
      sameValue(Array.from({ length: 100 }, (_, i) => make(i)));
    });
  }

  test("chunks of parallel columns", () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i);
    for (const length of [1, 2, 17]) {
      sameRecords(Array.from({ length }, (_, k) => ({ keys: numbers.map((i) => `k${i}`), values: numbers.map((i) => i * k) })));
      sameRecords(
        Array.from({ length }, () => ({ keys: undefined, values: numbers.map((i) => [i, `${i}`]) })).map(({ values }) => ({
          values,
        })),
      );
    }
  });

  test("a batch of another shape after one that looked alike", () => {
    const first = (second: (i: number) => unknown) => Array.from({ length: 100 }, (_, i) => ({ a: i === 0 ? 0 : second(i) }));
    for (let round = 0; round < 3; round++) {
      for (const second of [
        (i: number) => i,
        (i: number) => i / 2,
        (i: number) => `${i}`,
        () => null,
        () => ({ a: [] }),
        (i: number) => [i, i],
      ])
        sameRecords(first(second));
    }
  });

  test("records that contain long arrays of records that look like themselves", () => {
    const row = (i: number): unknown[] => [i, i];
    const inner = Array.from({ length: 50 }, (_, i) => row(i));
    sameRecords(Array.from({ length: 50 }, (_, i) => [i, i % 2 === 0 ? inner : new Map([[1, inner]])]));
    sameRecords(inner);
  });
});

describe("what is allowed to change", () => {
  test("fields that are undefined vanish", () => {
    const records = Array.from({ length: 100 }, (_, i) => ({ a: i, b: i % 2 === 0 ? undefined : i }));
    const back = decodeRecords(encodeRecords(records)) as object[];
    expect(Object.keys(back[0]!)).toEqual(["a"]);
    expect(Object.keys(back[1]!)).toEqual(["a", "b"]);
    const late = Array.from({ length: 100 }, (_, i) => (i < 50 ? { b: i } : { a: i, b: 1, c: undefined }));
    expect((decodeRecords(encodeRecords(late)) as object[]).map((one) => Object.keys(one).join())).toEqual(
      late.map((_, i) => (i < 50 ? "b" : "a,b")),
    );
    expect(decodeValue(encodeValue({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 });
  });
  test("a Buffer is bytes, an object without prototype a plain one, a hole undefined", () => {
    expect(decodeValue(encodeValue(Buffer.from("abc")))).toStrictEqual(new Uint8Array([97, 98, 99]));
    expect(decodeValue(encodeValue(Object.assign(Object.create(null) as object, { a: 1 })))).toStrictEqual({ a: 1 });
    expect(decodeValue(encodeValue([1, , 2]))).toStrictEqual([1, undefined, 2]); // oxlint-disable-line no-sparse-arrays
  });
});

test("an inherited enumerable property is not taken for a field", () => {
  const records = Array.from({ length: 100 }, (_, i) => ({ a: i }));
  Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true, writable: true });
  try {
    const back = decodeRecords(encodeRecords(records)) as object[];
    expect(Object.keys(back[7]!)).toEqual(["a"]);
  } finally {
    delete (Object.prototype as Record<string, unknown>)["polluted"];
  }
});

test("decoding __proto__ changes no prototype", () => {
  const hostile = encodeRecords(Array.from({ length: 100 }, () => JSON.parse('{"__proto__": {"admin": true}}') as unknown));
  const [one] = decodeRecords(hostile) as Record<string, unknown>[];
  expect(Object.getPrototypeOf(one)).toBe(Object.prototype);
  expect(one!["admin"]).toBeUndefined();
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
});

test("small values take few bytes", () => {
  expect(encodeValue(5).length).toBe(1);
  expect(encodeValue(-1).length).toBe(1);
  expect(encodeValue(1_000).length).toBe(3);
  expect(encodeValue("abc").length).toBe(4);
  expect(encodeValue(["a", 1]).length).toBe(4);
  expect(encodeValue({ sum: 10, n: 3 }).length).toBe(10);
  expect(encodeRecords(Array.from({ length: 1_000 }, (_, i) => i % 100)).length).toBeLessThan(1_010);
});

test("a decoded batch shares no memory with the bytes", () => {
  const bytes = encodeRecords(Array.from({ length: 100 }, (_, i) => [i, new Uint8Array([i])]));
  const back = decodeRecords(bytes) as [number, Uint8Array][];
  bytes.fill(0);
  expect(back[42]).toStrictEqual([42, new Uint8Array([42])]);
});
