/**
 * The entries of a step by key: a Map, and in front of it a table of the entries seen last, one per slot by the hash that routes
 * keys. V8 hashes each string anew that it has not seen, in C++; for the short keys that flows have, a look-up in the table takes
 * half of the Map's time. Of a great many keys the table would hold too few: then the Map stands alone.
 */
import { murmur3 } from "../hash.ts";
import type { Entry } from "./entry.ts";

/** Slots of a table that has grown. */
const mostSlots = 16_384;
const mostKeys = 2 * mostSlots;
/** Longer keys take the Map, which hashes them faster. */
const longestKey = 24;

export class EntryMap {
  readonly #all = new Map<string, Entry>();
  #recent: (Entry | undefined)[] = emptySlots(16);

  get(key: string): Entry | undefined {
    const all = this.#all;
    if (key.length > longestKey || all.size > mostKeys) return all.get(key);
    const recent = this.#recent;
    const slot = murmur3(key) & (recent.length - 1);
    const entry = recent[slot];
    if (entry !== undefined && entry.key === key) return entry;
    const found = all.get(key);
    if (found !== undefined) recent[slot] = found;
    return found;
  }

  set(key: string, entry: Entry): void {
    // Whatever the slot says of this key is no longer true.
    this.#forget(key);
    this.#all.set(key, entry);
    const slots = this.#recent.length;
    if (this.#all.size > slots / 2 && slots < mostSlots) this.#recent = emptySlots(slots * 4);
  }

  delete(key: string): boolean {
    this.#forget(key);
    return this.#all.delete(key);
  }

  get size(): number {
    return this.#all.size;
  }

  keys(): MapIterator<string> {
    return this.#all.keys();
  }

  values(): MapIterator<Entry> {
    return this.#all.values();
  }

  #forget(key: string): void {
    const slot = murmur3(key) & (this.#recent.length - 1);
    if (this.#recent[slot]?.key === key) this.#recent[slot] = undefined;
  }
}

function emptySlots(slots: number): (Entry | undefined)[] {
  return Array<Entry | undefined>(slots).fill(undefined);
}
