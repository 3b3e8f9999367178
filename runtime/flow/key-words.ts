/**
 * Keys as integers, for tables that look whole chunks up: reading a key once gives its hash, and says all of a short one.
 *
 *   "ATL"        low 0                 mid 0                 high "ATL" · 4
 *   "user-1234"  low "user"            mid "-123"            high "4" · 10       the last byte: 1 + length
 *   "日本語", and keys of twelve and more characters: high 0, they have no words
 *
 * Keys that have words are equal when their words are. To compare strings costs as much as to read one, as both have to be fetched first;
 * four of a key's characters are read by one turn of a loop, since V8 looks anew for each what kind of string it is.
 */
import { murmur3 } from "./hash.ts";

/** By place in the chunk. Columns may be longer than the chunk. */
export interface KeyWords {
  /** Never 0, but for keys that are longer than `longestHashed`: they are not read at all. */
  readonly hash: Int32Array;
  readonly low: Int32Array;
  readonly mid: Int32Array;
  readonly high: Int32Array;
}

/** V8's own hash is faster for longer ones. */
export const longestHashed = 24;
const longestWorded = 11;
const latin1 = 0xff;

let columns = columnsFor(1_024);
function columnsFor(keys: number): KeyWords {
  return { hash: new Int32Array(keys), low: new Int32Array(keys), mid: new Int32Array(keys), high: new Int32Array(keys) };
}

/** Good until the next call. */
export function readKeys(keys: readonly string[]): KeyWords {
  if (columns.hash.length < keys.length) columns = columnsFor(keys.length * 2);
  read(keys, columns);
  return columns;
}

const lone = [""];
const loneWords = columnsFor(1);
read(lone, loneWords);

/** At place 0, and good until the next call. The key that was read last costs nothing. */
export function readKey(key: string): KeyWords {
  if (lone[0] !== key) {
    lone[0] = key;
    read(lone, loneWords);
  }
  return loneWords;
}

function read(keys: readonly string[], { hash, low, mid, high }: KeyWords): void {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const { length } = key;
    if (length > longestWorded) {
      hash[i] = length > longestHashed ? 0 : nonzero(murmur3(key));
      high[i] = 0;
      continue;
    }
    let first = 0;
    let second = 0;
    let last = 0;
    let all = 0;
    let at = 0;
    for (const whole = length & ~3; at < whole; at += 4) {
      const a = key.charCodeAt(at);
      const b = key.charCodeAt(at + 1);
      const c = key.charCodeAt(at + 2);
      const d = key.charCodeAt(at + 3);
      all |= a | b | c | d;
      first = second;
      second = a | (b << 8) | (c << 16) | (d << 24);
    }
    if ((length & 2) !== 0) {
      const a = key.charCodeAt(at);
      const b = key.charCodeAt(at + 1);
      all |= a | b;
      last = (a << 8) | b;
      at += 2;
    }
    if ((length & 1) !== 0) {
      const a = key.charCodeAt(at);
      all |= a;
      last = (last << 8) | a;
    }
    if (all > latin1) {
      hash[i] = nonzero(murmur3(key));
      high[i] = 0;
      continue;
    }
    last = (last << 8) | (length + 1);
    low[i] = first;
    mid[i] = second;
    high[i] = last;
    hash[i] = hashOfWords(first, second, last);
  }
}

/** The hash of a key that has words. Each step keeps words apart that differ, so keys of up to four characters never share a hash. */
export function hashOfWords(low: number, mid: number, high: number): number {
  let mixed = Math.imul(low, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ mid, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ high, 0xc2b2ae35);
  return nonzero(mixed ^ (mixed >>> 16));
}

function nonzero(hash: number): number {
  return hash === 0 ? 1 : hash;
}
