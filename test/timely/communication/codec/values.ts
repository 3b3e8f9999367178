// Values for property tests: everything that the codec promises to keep, its borders first.
import fc from "fast-check";

export const lengths = [0, 1, 2, 7, 8, 9, 31, 32, 65, 1_000];

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ minLength: 20, maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("", "__proto__", "\ud800", "\udc00", "é", "🎏", "constructor"),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.integer({ min: -200, max: 200 }),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    127,
    128,
    -16,
    -17,
    32_767,
    32_768,
    -32_768,
    -32_769,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
  ),
);
const binary = fc
  .uint8Array({ maxLength: 40 })
  .chain((bytes) =>
    fc.constantFrom<unknown>(
      bytes,
      new Uint8ClampedArray(bytes),
      new Int8Array(bytes),
      new Uint16Array(bytes),
      new Int16Array(bytes),
      new Uint32Array(bytes),
      new Int32Array(bytes),
      new Float32Array(bytes),
      new Float64Array(bytes),
      new BigUint64Array(bytes.length),
      bytes.slice().buffer,
      new DataView(bytes.slice().buffer),
    ),
  );
const leaf = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.date({ noInvalidDate: false }),
  binary,
);

/** Fields are never undefined here: those are meant to vanish. */
function fields(value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.array(fc.tuple(text, value), { maxLength: 6 }).map((entries) => {
    const out = {};
    for (const [name, item] of entries) {
      Object.defineProperty(out, name, { value: item ?? null, enumerable: true, writable: true, configurable: true });
    }
    return out;
  });
}

export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(tie("value"), { minLength: 30, maxLength: 40 }),
    fields(tie("value")),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

/** A shape first, then many records of it, some of them with a stray. */
export const recordsOfOneShape: fc.Arbitrary<unknown[]> = fc
  .letrec<{ shape: fc.Arbitrary<unknown> }>((tie) => ({
    shape: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<fc.Arbitrary<unknown>>(
        number,
        fc.integer(),
        text,
        fc.boolean(),
        fc.option(fc.integer()),
        fc.option(text),
        leaf,
      ),
      fc.array(tie("shape"), { minLength: 1, maxLength: 4 }).map((places) => fc.tuple(...places)),
      fc.uniqueArray(fc.tuple(text, tie("shape")), { minLength: 1, maxLength: 4, selector: ([name]) => name }).map((entries) =>
        fc.tuple(...entries.map(([, shape]) => shape)).map((items) => {
          const out = {};
          entries.forEach(([name], i) =>
            Object.defineProperty(out, name, { value: items[i] ?? null, enumerable: true, writable: true, configurable: true }),
          );
          return out;
        }),
      ),
      tie("shape").map((shape) => fc.array(shape, { maxLength: 5 })),
    ),
  }))
  .shape.chain((shape) => fc.tuple(fc.array(shape, { maxLength: 120 }), fc.array(leaf, { maxLength: 1 }), fc.nat()))
  .map(([records, strays, at]) => (at % 4 === 0 ? records.toSpliced(at % (records.length + 1), 0, ...strays) : records));
