/**
 * How fast batches of 1,000 are encoded and decoded, next to msgpackr on the same batches in the same run: `node bench/micro/codec.ts`.
 * Medians of five; records per second.
 */
import { Packr } from "msgpackr";
import { decodeRecords, encodeRecords } from "../../runtime/timely/communication/codec/index.ts";

const size = 1_000;
const numbers = Array.from({ length: size }, (_, i) => i);
const keys = numbers.map((i) => `k${(i * 7919) % size}`);

const batches: Record<string, unknown[]> = {
  "small integers": numbers,
  integers: numbers.map((i) => i * 70_000),
  floats: numbers.map((i) => i / 3),
  "short strings": keys,
  "[string, number]": numbers.map((i) => [keys[i], i]),
  "one chunk {keys, values}": [{ keys, values: numbers }],
  "[string of 25, number]": numbers.map((i) => [`a key of 25 characters ${1_000 + i}`.slice(0, 25), i]),
  "[string beyond latin1, number]": numbers.map((i) => [`ключ ${i}`, i]),
  "{key, n, mean, ok}": numbers.map((i) => ({ key: keys[i], n: i, mean: i / 3, ok: i % 2 === 0 })),
  "numbers and strings mixed": numbers.map((i) => (i % 2 === 0 ? i : `s${i}`)),
  "objects with an optional field": numbers.map((i) => (i % 2 === 0 ? { a: i } : { a: i, b: "x" })),
};

const packr = new Packr({ moreTypes: true, useRecords: true });

const rows = Object.entries(batches).map(([batch, records]) => {
  const bytes = encodeRecords(records);
  const packed = packr.pack(records);
  return {
    batch,
    bytes: bytes.length,
    "encode M/s": rate(() => encodeRecords(records)),
    "decode M/s": rate(() => decodeRecords(bytes)),
    "msgpackr bytes": packed.length,
    "msgpackr encode M/s": rate(() => packr.pack(records)),
    "msgpackr decode M/s": rate(() => packr.unpack(packed) as unknown),
  };
});
console.table(rows);

function rate(act: () => unknown): number {
  const measure = (milliseconds: number): number => {
    const start = performance.now();
    let rounds = 0;
    while (performance.now() - start < milliseconds) {
      for (let i = 0; i < 50; i++) act();
      rounds += 50;
    }
    return (rounds * size) / (performance.now() - start) / 1e3;
  };
  measure(100);
  const samples = Array.from({ length: 5 }, () => measure(50)).toSorted((a, b) => a - b);
  return Math.round(samples[2]! * 10) / 10;
}
