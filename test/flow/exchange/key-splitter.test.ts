import { expect, test } from "vitest";
import type { Chunk } from "../../../runtime/flow/chunk.ts";
import { type CodedChunk, createKeyReader, createKeySplitter } from "../../../runtime/flow/exchange/key-splitter.ts";
import { murmur3 } from "../../../runtime/flow/hash.ts";
import { decodeRecords, encodeRecords } from "../../../runtime/timely/communication/codec/index.ts";

const peers = 3;
const self = 1;
const owner = (key: string): number => (murmur3(key) >>> 8) % peers;

interface Sent {
  readonly worker: number;
  readonly piece: Chunk | CodedChunk;
}

/** A sender, and what each worker gets out of what it is sent, over the wire. */
function route() {
  const split = createKeySplitter(self, peers, owner);
  const readers = Array.from({ length: peers }, () => createKeyReader(peers));
  const received: [key: string, value: unknown][][] = Array.from({ length: peers }, () => []);
  const sent: Sent[] = [];
  const give = (keys: string[], values: unknown[]): void => {
    split(keys, values, (worker, piece) => {
      sent.push({ worker, piece });
      const [arrived] = worker === self ? [piece] : decodeRecords(encodeRecords([piece]));
      const chunk = readers[worker]!(arrived as Chunk);
      chunk.values.forEach((value, i) => received[worker]!.push([chunk.keys![i]!, value]));
    });
  };
  return { give, received, sent };
}

/** Gives `total` records in chunks of `size` and compares what each worker got with a plain loop. */
function roundTrip(total: number, size: number, keyOf: (i: number) => string): Sent[] {
  const { give, received, sent } = route();
  const expected: [key: string, value: unknown][][] = Array.from({ length: peers }, () => []);
  for (let from = 0; from < total; from += size) {
    const numbers = Array.from({ length: Math.min(size, total - from) }, (_, i) => from + i);
    const keys = numbers.map(keyOf);
    give(keys, numbers);
    numbers.forEach((value, i) => expected[owner(keys[i]!)]!.push([keys[i]!, value]));
  }
  for (let worker = 0; worker < peers; worker++) {
    // One comparison of strings: a diff of a hundred thousand records would take minutes.
    expect(JSON.stringify(received[worker]) === JSON.stringify(expected[worker]), `worker ${worker}`).toBe(true);
  }
  return sent;
}
const isCoded = ({ piece }: Sent): boolean => "ids" in piece;

test("records reach the worker of their key in the order in which they came", () => {
  roundTrip(5_000, 700, (i) => `k${(i * 7919) % 50}`);
  roundTrip(10, 1, (i) => `k${i % 2}`);
});

test("a key is told once to each worker that gets it", () => {
  const sent = roundTrip(20_000, 1_000, (i) => `k${i % 100}`);
  const told = sent.flatMap(({ piece }) => ("ids" in piece ? [...(piece.fresh ?? [])] : []));
  expect(told.length).toBe(new Set(told).size);
  expect(sent.every(isCoded)).toBe(true);
});

test("keys may be empty, long, of any script, or no valid Unicode", () => {
  const keys = ["", "a", "é", "\ud800", "日本語", "x".repeat(300), `${"y".repeat(40)}\u0100`, "\0"];
  roundTrip(4_000, 90, (i) => keys[i % keys.length]!);
});

test("keys that fall into one slot do not take each other's place", () => {
  // Both before and after the table has grown, and within one chunk.
  const slot = murmur3("k0") & 65_535;
  const rivals = Array.from({ length: 400_000 }, (_, i) => `k${i}`).filter((key) => (murmur3(key) & 65_535) === slot);
  expect(rivals.length).toBeGreaterThan(2);
  roundTrip(30_000, 97, (i) => rivals[i % rivals.length]!);
});

test("more keys than are kept go by in rounds", () => {
  // Each key is used four times in a row, so that remembering pays, and ids run out.
  const sent = roundTrip(1_000_000, 8_000, (i) => `key-${i >> 2}`);
  const anew = sent.filter(({ worker, piece }) => worker === 0 && "ids" in piece && piece.base === 0);
  expect(anew.length).toBeGreaterThan(1);
});

test("keys that hardly repeat are routed one by one, and in between remembered again", () => {
  const sent = roundTrip(400_000, 8_000, (i) => `key-${i}`);
  expect(isCoded(sent.find((one) => one.worker !== self)!)).toBe(true);
  expect(sent.slice(-10).some(isCoded)).toBe(false);
});

test("a chunk longer than all ids is routed one by one", () => {
  const sent = roundTrip(70_000, 70_000, (i) => `k${i % 10}`);
  expect(sent.some(isCoded)).toBe(false);
});

test("a chunk behind one that was lost is refused, whatever the lost one said", () => {
  const pieces: CodedChunk[] = [];
  const split = createKeySplitter(self, peers, () => 0);
  const send = (keys: string[]): void => split(keys, keys, (_worker, piece) => pieces.push(piece as CodedChunk));
  send(["a", "b"]);
  send(["c", "d"]);
  send(["a"]);
  const read = createKeyReader(peers);
  read(pieces[0] as unknown as Chunk);
  expect(() => read(pieces[2] as unknown as Chunk)).toThrow(/counts on 4 keys of round 1, and 2 of round 1 are known/);
  // As many keys are known as the sender counts on, but others.
  const later = { ...pieces[1]!, round: 2 };
  expect(() => read(later as unknown as Chunk)).toThrow(/some of what it sent was lost/);
  expect(read(pieces[1] as unknown as Chunk).keys).toEqual(["c", "d"]);
});

test("what a reader's step remembers of a key is there when the key comes again, until ids are given anew", () => {
  const split = createKeySplitter(self, peers, () => 0);
  const read = createKeyReader(peers);
  let chunks = 0;
  const memoOf = (keys: string[]): unknown[] => {
    const seen: unknown[] = [];
    const chunk = ++chunks;
    split(keys, keys, (_worker, piece) => {
      const { known } = read(piece as Chunk);
      known!.ids.forEach((id, i) => seen.push((known!.memo[id] ??= `${keys[i]} of chunk ${chunk}`)));
    });
    return seen;
  };
  expect(memoOf(["a", "b", "a"])).toEqual(["a of chunk 1", "b of chunk 1", "a of chunk 1"]);
  const anew = { from: self, round: 2, base: 0, fresh: ["b"], ids: new Uint16Array([0]), values: [1] };
  expect(memoOf(["b", "c"])).toEqual(["b of chunk 1", "c of chunk 2"]);
  expect(read(anew as unknown as Chunk).known!.memo).toEqual([undefined]);
});

test("an id that was never told is refused", () => {
  const piece = { from: 0, round: 1, base: 0, ids: new Uint16Array([0]), values: [1] };
  expect(() => createKeyReader(peers)(piece as unknown as Chunk)).toThrow(/nobody has told of/);
});
