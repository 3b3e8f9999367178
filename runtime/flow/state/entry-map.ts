/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place */
/**
 * The entries of a step by key: an open-addressed table by the hash that routes keys, with linear probing, and a Map for the few
 * keys that do not suit it: long ones, which V8 hashes faster, and those for which no place is free near their own.
 *
 *   tags    [ 0 , h("k7") ,  0 , h("k1") , h("k4") , … ]   0 = free; 1 stands for a hash that is 0
 *   entries [   ,  "k7"   ,    ,  "k1"   ,  "k4"   , … ]   at most `reach` behind the place that the tag asks for
 *
 * Why not a Map alone: a look-up in a state that is larger than the processor's caches waits for memory about five times, and
 * nothing overlaps with that. `find` looks a whole batch up in short loops over it, a step of the way at a time, so that many of
 * these waits run side by side (Boncz et al., "Database Architecture Optimized for the New Bottleneck: Memory Access", 1999; Chen
 * et al., "Improving Hash Join Performance through Prefetching", 2004).
 *
 * Nothing wraps around at the end: the table has `reach` places more than the hash can ask for. So entries only ever move down when
 * one is deleted, and who walks downwards (`values`) meets all that stay.
 */
import { murmur3 } from "../hash.ts";
import type { Entry } from "./entry.ts";

/** Longer keys are in the Map. */
const longestKey = 24;
const reach = 32;
/** Of the table's logarithm. Arrays of more than 2^25 elements are no arrays for V8 any more. */
const firstBits = 4;
const mostBits = 24;
/** Keys from which the table does not fit into a processor's cache. */
const cached = 8_192;

/** The batch at hand: hashes, and places in the table. */
let tagsAt = new Int32Array(1_024);
let places = new Int32Array(1_024);
/** Keeps V8 from leaving out reads that only bring memory near. */
const near = new Int32Array(1);

export class EntryMap {
  #bits = firstBits;
  #tags = new Int32Array((1 << firstBits) + reach);
  #entries: (Entry | undefined)[] = emptyPlaces((1 << firstBits) + reach);
  /** In the table. */
  #count = 0;
  readonly #others = new Map<string, Entry>();

  get(key: string): Entry | undefined {
    if (key.length <= longestKey) {
      const at = this.#placeOf(key, tagOf(key));
      if (at >= 0) return this.#entries[at];
    }
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  /** The entries of a batch's keys, undefined where there is none, into `found`. */
  find(keys: readonly string[], found: (Entry | undefined)[]): void {
    const records = keys.length;
    if (tagsAt.length < records) {
      tagsAt = new Int32Array(records * 2);
      places = new Int32Array(records * 2);
    }
    for (let i = 0; i < records; i++) {
      const key = keys[i]!;
      tagsAt[i] = key.length > longestKey ? 0 : tagOf(key);
    }
    this.#locate(records, found);
    if (this.#count > cached) bringNear(records, found);
    this.#compare(keys, found);
  }

  #locate(records: number, found: (Entry | undefined)[]): void {
    const tags = this.#tags;
    const shift = 32 - this.#bits;
    for (let i = 0; i < records; i++) {
      const tag = tagsAt[i]!;
      let at = homeOf(tag, shift);
      const end = at + reach;
      for (let there = tags[at]!; there !== tag && there !== 0 && ++at < end;) there = tags[at]!;
      places[i] = at;
    }
    const entries = this.#entries;
    for (let i = 0; i < records; i++) found[i] = entries[places[i]!];
  }

  #compare(keys: readonly string[], found: (Entry | undefined)[]): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const entry = found[i];
      if (entry === undefined ? this.#others.size > 0 : entry.key !== key) found[i] = this.get(key);
    }
  }

  set(key: string, entry: Entry): void {
    if (key.length > longestKey) return void this.#others.set(key, entry);
    const tag = tagOf(key);
    const at = this.#placeOf(key, tag);
    if (at >= 0) this.#entries[at] = entry;
    else if (this.#others.size > 0 && this.#others.has(key)) this.#others.set(key, entry);
    else {
      // A table that is full to five eighths is doubled.
      if (this.#count * 8 >= 5 << this.#bits && this.#bits < mostBits) this.#grow();
      this.#put(tag, entry);
    }
  }

  delete(key: string): boolean {
    const at = key.length > longestKey ? -1 : this.#placeOf(key, tagOf(key));
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

  /** -1 when it is not in the table. */
  #placeOf(key: string, tag: number): number {
    const tags = this.#tags;
    const first = homeOf(tag, 32 - this.#bits);
    for (let at = first; at < first + reach; at++) {
      const there = tags[at]!;
      if (there === 0) return -1;
      if (there === tag && this.#entries[at]!.key === key) return at;
    }
    return -1;
  }

  #put(tag: number, entry: Entry): void {
    const tags = this.#tags;
    const first = homeOf(tag, 32 - this.#bits);
    for (let at = first; at < first + reach; at++) {
      if (tags[at] !== 0) continue;
      tags[at] = tag;
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
    const shift = 32 - this.#bits;
    let free = at;
    for (let from = at + 1; from < tags.length && tags[from] !== 0; from++) {
      if (homeOf(tags[from]!, shift) > free) continue;
      tags[free] = tags[from]!;
      entries[free] = entries[from];
      free = from;
    }
    tags[free] = 0;
    entries[free] = undefined;
    this.#count--;
  }

  #grow(): void {
    const tags = this.#tags;
    const entries = this.#entries;
    this.#bits++;
    this.#tags = new Int32Array((1 << this.#bits) + reach);
    this.#entries = emptyPlaces((1 << this.#bits) + reach);
    this.#count = 0;
    for (let at = 0; at < tags.length; at++) if (tags[at] !== 0) this.#put(tags[at]!, entries[at]!);
  }
}

/** Reads what the comparison of keys will need. */
function bringNear(records: number, found: readonly (Entry | undefined)[]): void {
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

function tagOf(key: string): number {
  const hash = murmur3(key) | 0;
  return hash === 0 ? 1 : hash;
}

function emptyPlaces(count: number): (Entry | undefined)[] {
  return new Array<Entry | undefined>(count).fill(undefined);
}
