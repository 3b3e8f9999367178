/**
 * Numbers for keys: 0, 1, 2, … in the order in which they come. What is kept for a key stands in columns under its number. Keys are not
 * forgotten one by one.
 *
 *   rows  [ … | low mid high 1 + number | 0 0 0 0 | … ]   open addressing by the key's hash, with linear probing
 *
 * A key is what its words say (key-words.ts), and nothing else is looked at. Of one that has none, low is its hash and high 0, and the
 * key itself is compared; the longest ones stand in a Map.
 *
 * Most keys of a batch are known and stand in the first place of their hash, more so as those that are frequent come early: a first loop finds
 * them without a branch that depends on what it reads, so that the processor looks many up at once. What it does not find is looked
 * for one by one.
 */
import { hashOfWords, readKeys } from "../key-words.ts";

const firstBits = 8;
/** Integers of a row, and their logarithm. */
const width = 4;
const widthBits = 2;

/** Of the batch at hand. */
let numbers = new Int32Array(1_024);

export class KeyTable {
  /** By number. */
  readonly keys: string[] = [];
  #bits = firstBits;
  #rows = new Int32Array(width << firstBits);
  /** Keys that are too long to be read. */
  readonly #long = new Map<string, number>();
  readonly #keep: (key: string) => string;

  /** @param keep gives what is kept of a new key: an equal string */
  constructor(keep: (key: string) => string) {
    this.#keep = keep;
  }

  get size(): number {
    return this.keys.length;
  }

  /** The numbers of a batch's keys: good until the next call. */
  number(batch: readonly string[]): Int32Array {
    const { length } = batch;
    if (numbers.length < length) numbers = new Int32Array(length * 2);
    const into = numbers;
    const { hash, low, mid, high } = readKeys(batch);
    const rows = this.#rows;
    const shift = 32 - this.#bits;
    for (let i = 0; i < length; i++) {
      const at = (hash[i]! >>> shift) << widthBits;
      const differs = (rows[at]! ^ low[i]!) | (rows[at + 1]! ^ mid[i]!) | (rows[at + 2]! ^ high[i]!);
      // The mask is 0 where there is a difference.
      into[i] = (rows[at + 3]! & ~((differs | -differs) >> 31)) - 1;
    }
    for (let i = 0; i < length; i++) {
      if (high[i] === 0) into[i] = this.#numberUnworded(batch[i]!, hash[i]!);
      else if (into[i]! < 0) into[i] = this.#numberWorded(batch[i]!, hash[i]!, low[i]!, mid[i]!, high[i]!);
    }
    return into;
  }

  #numberWorded(key: string, hash: number, low: number, mid: number, high: number): number {
    const rows = this.#rows;
    let at = this.#home(hash);
    for (; rows[at + 3] !== 0; at = this.#behind(at)) {
      if (rows[at + 2] === high && rows[at + 1] === mid && rows[at] === low) return rows[at + 3]! - 1;
    }
    return this.#add(key, low, mid, high, at);
  }

  #numberUnworded(key: string, hash: number): number {
    if (hash === 0) {
      let number = this.#long.get(key);
      if (number === undefined) {
        number = this.#name(key);
        this.#long.set(this.keys[number]!, number);
      }
      return number;
    }
    const rows = this.#rows;
    let at = this.#home(hash);
    for (; rows[at + 3] !== 0; at = this.#behind(at)) {
      if (rows[at] === hash && rows[at + 2] === 0 && this.keys[rows[at + 3]! - 1] === key) return rows[at + 3]! - 1;
    }
    return this.#add(key, hash, 0, 0, at);
  }

  #home(hash: number): number {
    return (hash >>> (32 - this.#bits)) << widthBits;
  }
  #behind(at: number): number {
    return (at + width) & (this.#rows.length - 1);
  }

  #name(key: string): number {
    return this.keys.push(this.#keep(key)) - 1;
  }

  /** @param at a free row, where the key was looked for last */
  #add(key: string, low: number, mid: number, high: number, at: number): number {
    const number = this.#name(key);
    this.#put(at, low, mid, high, number);
    if (this.keys.length * 2 * width > this.#rows.length) this.#grow();
    return number;
  }

  #put(at: number, low: number, mid: number, high: number, number: number): void {
    const rows = this.#rows;
    rows[at] = low;
    rows[at + 1] = mid;
    rows[at + 2] = high;
    rows[at + 3] = number + 1;
  }

  /** Keys come into the larger table in the order of their numbers. */
  #grow(): void {
    const before = this.#rows;
    const placeOf = new Int32Array(this.keys.length).fill(-1);
    for (let at = 0; at < before.length; at += width) if (before[at + 3] !== 0) placeOf[before[at + 3]! - 1] = at;
    this.#bits++;
    this.#rows = new Int32Array(before.length * 2);
    for (let number = 0; number < placeOf.length; number++) {
      const from = placeOf[number]!;
      if (from < 0) continue;
      const low = before[from]!;
      const mid = before[from + 1]!;
      const high = before[from + 2]!;
      let at = this.#home(high === 0 ? low : hashOfWords(low, mid, high));
      while (this.#rows[at + 3] !== 0) at = this.#behind(at);
      this.#put(at, low, mid, high, number);
    }
  }
}
