/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place */
/**
 * The entries of a step by key: an open-addressed table by a hash of the key, with linear probing, and a Map for the few
 * keys that do not suit it: long ones, which V8 hashes faster, and those for which no place is free near their own.
 *
 *   tags    [ 0 , h("k7") ,  0 , h("k1") , h("k4") , … ]   0 = free; while there are not many keys, the words of a key stand behind
 *   entries [   ,  "k7"   ,    ,  "k1"   ,  "k4"   , … ]   its hash (key-words.ts). At most `reach` behind the place that the tag asks for
 *
 * Why not a Map alone: a look-up in a state that is larger than the processor's caches waits for memory about five times, and
 * nothing overlaps with that. `find` looks a whole batch up in short loops over it, a step of the way at a time, so that many of
 * these waits run side by side (Boncz et al., "Database Architecture Optimized for the New Bottleneck: Memory Access", 1999; Chen
 * et al., "Improving Hash Join Performance through Prefetching", 2004).
 *
 * Nothing wraps around at the end: the table has `reach` places more than the hash can ask for. So entries only ever move down when
 * one is deleted, and who walks downwards (`values`) meets all that stay.
 */
import { apart } from "../apart.ts";
import { type KeyWords, longestHashed, readKey, readKeys } from "../key-words.ts";
import type { Entry } from "./entry.ts";

const reach = 32;
/** Of the table's logarithm. Arrays of more than 2^25 elements are no arrays for V8 any more. */
const firstBits = 6;
const mostBits = 24;
/** Keys from which the table does not fit into a processor's cache. */
const cached = 8_192;
/** Keys from which it has no words. */
const worded = 65_536;
/** Four integers for a place, or one. */
const withWords = 2;
const withoutWords = 0;

/** Of the batch at hand: places in the table. */
let places = new Int32Array(1_024);
/** Keeps V8 from leaving out reads that only bring memory near. */
const near = new Int32Array(1);

export class EntryMap {
  #bits = firstBits;
  /** The logarithm of how many integers a place has in `#tags`. */
  #stride = withWords;
  #tags = new Int32Array(((1 << firstBits) + reach) << withWords);
  #entries: (Entry | undefined)[] = emptyPlaces((1 << firstBits) + reach);
  /** In the table. */
  #count = 0;
  readonly #others = new Map<string, Entry>();

  get(key: string): Entry | undefined {
    if (key.length <= longestHashed) {
      const at = this.#placeOf(key, readKey(key).hash[0]!);
      if (at >= 0) return this.#entries[at];
    }
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  /** The entries of a batch's keys, undefined where there is none, into `found`. */
  find(keys: readonly string[], found: (Entry | undefined)[]): void {
    const words = readKeys(keys);
    if (places.length < keys.length) places = new Int32Array(keys.length * 2);
    if (this.#stride === withWords) {
      this.#findByWords(keys, words, found);
      if (this.#count > cached) bringNear(keys.length, found);
      return;
    }
    apart(EntryMap.#locate, this, keys.length, words.hash, found);
    apart(bringKeysNear, keys.length, found, 0, 0);
    apart(EntryMap.#compare, this, keys, found, 0);
  }

  #findByWords(keys: readonly string[], { hash, low, mid, high }: KeyWords, found: (Entry | undefined)[]): void {
    const tags = this.#tags;
    const entries = this.#entries;
    const shift = 32 - this.#bits;
    for (let i = 0; i < keys.length; i++) {
      const tag = hash[i]!;
      let at = homeOf(tag, shift) << withWords;
      const end = at + (reach << withWords);
      while (tags[at] !== tag && tags[at] !== 0 && at < end) at += 1 << withWords;
      const last = high[i]!;
      if (last !== 0 && last === tags[at + 3] && mid[i] === tags[at + 2] && low[i] === tags[at + 1])
        found[i] = entries[at >> withWords];
      else found[i] = this.#other(keys[i]!, entries[at >> withWords]);
    }
  }

  /** For a key that has no words, or not those of the entry that was met. */
  #other(key: string, met: Entry | undefined): Entry | undefined {
    if (met === undefined) return this.#others.size === 0 ? undefined : this.#others.get(key);
    return met.key === key ? met : this.get(key);
  }

  static #locate(map: EntryMap, records: number, hash: Int32Array, found: (Entry | undefined)[]): void {
    const tags = map.#tags;
    const placed = places;
    const shift = 32 - map.#bits;
    for (let i = 0; i < records; i++) {
      const tag = hash[i]!;
      let at = homeOf(tag, shift);
      const end = at + reach;
      for (let there = tags[at]!; there !== tag && there !== 0 && ++at < end;) there = tags[at]!;
      placed[i] = at;
    }
    const entries = map.#entries;
    for (let i = 0; i < records; i++) found[i] = entries[placed[i]!];
  }

  static #compare(map: EntryMap, keys: readonly string[], found: (Entry | undefined)[]): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const entry = found[i];
      if (entry === undefined ? map.#others.size > 0 : entry.key !== key) found[i] = map.get(key);
    }
  }

  set(key: string, entry: Entry): void {
    if (key.length > longestHashed) return void this.#others.set(key, entry);
    const words = readKey(key);
    const at = this.#placeOf(key, words.hash[0]!);
    if (at >= 0) this.#entries[at] = entry;
    else if (this.#others.size > 0 && this.#others.has(key)) this.#others.set(key, entry);
    else {
      if (this.#full && this.#bits < mostBits) this.#grow();
      this.#put(words.hash[0]!, words.low[0]!, words.mid[0]!, words.high[0]!, entry);
    }
  }

  delete(key: string): boolean {
    const at = key.length > longestHashed ? -1 : this.#placeOf(key, readKey(key).hash[0]!);
    if (at < 0) return this.#others.delete(key);
    this.#clear(at);
    return true;
  }

  get size(): number {
    return this.#count + this.#others.size;
  }

  *keys(): Generator<string, void, undefined> {
    for (const entry of this.values()) yield entry.key;
  }

  /** Entries may be set and deleted meanwhile: one that stays is given at least once, one that is new perhaps. */
  *values(): Generator<Entry, void, undefined> {
    let entries = this.#entries;
    for (let at = entries.length - 1; at >= 0; at--) {
      if (entries !== this.#entries) {
        entries = this.#entries;
        at = entries.length - 1;
      }
      const entry = entries[at];
      if (entry !== undefined) yield entry;
    }
    yield* this.#others.values();
  }

  /** While it is small a table is full with a quarter of its places taken: most keys are then found where they are looked for. */
  get #full(): boolean {
    return this.#count * (this.#count < cached ? 20 : 8) >= 5 << this.#bits;
  }

  /** -1 when it is not in the table. */
  #placeOf(key: string, tag: number): number {
    const tags = this.#tags;
    const stride = this.#stride;
    const first = homeOf(tag, 32 - this.#bits);
    for (let at = first; at < first + reach; at++) {
      const there = tags[at << stride]!;
      if (there === 0) return -1;
      if (there === tag && this.#entries[at]!.key === key) return at;
    }
    return -1;
  }

  #put(tag: number, low: number, mid: number, high: number, entry: Entry): void {
    const tags = this.#tags;
    const stride = this.#stride;
    const first = homeOf(tag, 32 - this.#bits);
    for (let at = first; at < first + reach; at++) {
      const place = at << stride;
      if (tags[place] !== 0) continue;
      tags[place] = tag;
      if (stride === withWords) {
        tags[place + 1] = low;
        tags[place + 2] = mid;
        tags[place + 3] = high;
      }
      this.#entries[at] = entry;
      this.#count++;
      return;
    }
    this.#others.set(entry.key, entry);
  }

  /** Frees a place, and moves those behind it down that may stand there. */
  #clear(at: number): void {
    const tags = this.#tags;
    const entries = this.#entries;
    const stride = this.#stride;
    const shift = 32 - this.#bits;
    let free = at;
    for (let from = at + 1; from < entries.length && tags[from << stride] !== 0; from++) {
      if (homeOf(tags[from << stride]!, shift) > free) continue;
      tags.copyWithin(free << stride, from << stride, (from + 1) << stride);
      entries[free] = entries[from];
      free = from;
    }
    tags.fill(0, free << stride, (free + 1) << stride);
    entries[free] = undefined;
    this.#count--;
  }

  #grow(): void {
    const tags = this.#tags;
    const entries = this.#entries;
    const before = this.#stride;
    this.#bits++;
    this.#stride = this.#count < worded ? withWords : withoutWords;
    this.#tags = new Int32Array(((1 << this.#bits) + reach) << this.#stride);
    this.#entries = emptyPlaces((1 << this.#bits) + reach);
    this.#count = 0;
    for (let at = 0; at < entries.length; at++) {
      const place = at << before;
      if (tags[place] !== 0) this.#put(tags[place]!, tags[place + 1]!, tags[place + 2]!, tags[place + 3]!, entries[at]!);
    }
  }
}

/** Reads what a step will need of the entries. */
function bringNear(records: number, found: readonly (Entry | undefined)[]): void {
  let sum = 0;
  for (let i = 0; i < records; i++) {
    const entry = found[i];
    if (entry !== undefined) sum += entry.partition;
  }
  near[0] = sum;
}

/** Reads what the comparison of keys will need, and a step. */
function bringKeysNear(records: number, found: readonly (Entry | undefined)[]): void {
  let sum = 0;
  for (let i = 0; i < records; i++) {
    const entry = found[i];
    if (entry !== undefined) sum += entry.key.length + entry.partition;
  }
  near[0] = sum;
}

/**
 * The first place at which an entry with this tag may stand. Partitions are told apart by the hash's lowest bits, of which a worker's keys
 * have some only: places are taken from the mixed highest.
 */
const homeOf = (tag: number, shift: number): number => Math.imul(tag, 0x9e3779b1) >>> shift;

function emptyPlaces(count: number): (Entry | undefined)[] {
  return new Array<Entry | undefined>(count).fill(undefined);
}
